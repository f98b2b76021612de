"""Good scenarios: what they become."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from flinkmock.cluster.problems import Throwable
from flinkmock.cluster.spec import (
    FOREVER,
    NOTHING,
    OPERATIONS,
    Cause,
    CheckpointSpec,
    Input,
    JobSpec,
    OperationSpec,
    Repeat,
    RestartStrategy,
    Span,
    Step,
)
from flinkmock.scenario import ScenarioError, load_scenario
from flinkmock.scenario.scenario import Scenario

ROOT = Path(__file__).parents[2]
READY = sorted((ROOT / "scenarios").glob("*.yaml"))


def job(text: str) -> JobSpec:
    (found,) = load_scenario(text).jobs
    return found


@pytest.mark.parametrize("file", READY, ids=lambda file: file.stem)
def test_a_ready_scenario_loads(file: Path) -> None:
    spec = load_scenario(file)
    assert spec.jobs
    first, second = file.read_text("utf-8").splitlines()[:2]
    assert first == "# yaml-language-server: $schema=../schemas/scenario.schema.json"
    assert second.startswith("# ")


def test_the_demo_shows_each_end_of_a_job() -> None:
    ends = {}
    for each in load_scenario(ROOT / "scenarios" / "demo.yaml").jobs:
        last = each.lifecycle[-1]
        ends[each.name] = last.state if isinstance(last, Step) else "restarts"
    assert sorted(ends.values()) == ["CANCELED", "FAILED", "FINISHED", "RUNNING", "restarts"]


@pytest.mark.parametrize("source", [None, "", "# nothing\n", "---\n", "~", {}, "jobs:\ncluster:\n"])
def test_an_empty_scenario_is_a_working_cluster(source: str | dict[str, object] | None) -> None:
    spec = load_scenario(source)
    assert (spec.task_managers, spec.slots, spec.seed, spec.flink, spec.jobs) == (1, 4, 0, None, ())
    (rule,) = spec.submissions
    assert (rule.pattern, rule.job.name, rule.job.type) == ("*", "Flink Streaming Job", "STREAMING")
    assert rule.job.lifecycle[-1] == Step("RUNNING", FOREVER)
    assert rule.job.checkpoints == CheckpointSpec(every=10_000)


def test_a_path_a_text_and_a_mapping_say_the_same(tmp_path: Path) -> None:
    text = "seed: 3\njobs:\n  orders: streaming\n"
    file = tmp_path / "orders.yml"
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    spec = load_scenario(text)
    assert spec == load_scenario(file) == load_scenario(str(file))
    assert spec == load_scenario({"seed": 3, "jobs": {"orders": "streaming"}})


def test_the_same_text_gives_equal_values() -> None:
    file = ROOT / "scenarios" / "demo.yaml"
    assert load_scenario(file) == load_scenario(file)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("1.20", "1.20"), ('"1.20"', "1.20"), ("2.1", "2.1"), ("'2.0'", "2.0")],
)
def test_a_release_is_a_name_and_no_number(written: str, meant: str) -> None:
    assert load_scenario(f"flink: {written}").flink == meant


def test_the_words_of_yaml_1_1_are_words() -> None:
    spec = load_scenario("jobs:\n  on: streaming\n  no: streaming\n  1:30: streaming\n  2: streaming\n")
    assert [each.name for each in spec.jobs] == ["on", "no", "1:30", "2"]


def test_options_are_text_as_written() -> None:
    spec = load_scenario(
        "cluster:\n  config:\n    a: 1.20\n    b: true\n    c: 0x10\n    d:\n    e: yes\n    f: '~'\n    g: 1_000\n"
    )
    assert spec.configuration == {
        "a": "1.20", "b": "true", "c": "0x10", "d": None, "e": "yes", "f": "~", "g": "1_000",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0", NOTHING),
        ("500ms", Span.exactly(500)),
        ("3s", Span.exactly(3_000)),
        ("0.5s", Span.exactly(500)),
        ("2m30s", Span.exactly(150_000)),
        ("1h", Span.exactly(3_600_000)),
        ("1d12h", Span.exactly(129_600_000)),
        ("1m500ms", Span.exactly(60_500)),
        ("1s..3s", Span(1_000, 3_000)),
        ("900ms..1m", Span(900, 60_000)),
        ("forever", FOREVER),
    ],
)
def test_lengths(written: str, meant: Span) -> None:
    assert load_scenario(f"operations:\n  savepoint: {written}").operations["savepoint"].takes == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0", NOTHING),
        ("512B", Span.exactly(512)),
        ("1.5KB", Span.exactly(1536)),
        ("12MB..1GB", Span(12 << 20, 1 << 30)),
    ],
)
def test_sizes(written: str, meant: Span) -> None:
    checkpoints = job(f"jobs:\n  a:\n    checkpoints:\n      size: {written}").checkpoints
    assert checkpoints is not None
    assert checkpoints.size == meant


def test_a_lifecycle_with_everything() -> None:
    found = job(
        """
        causes:
          oom: {class: java.lang.OutOfMemoryError, message: Java heap space, vertex: window, subtask: 1}
        jobs:
          orders:
            parallelism: 2
            vertices: [source, window, sink]
            lifecycle:
              - CREATED: 500ms
              - repeat: 2
                steps:
                  - RUNNING: 20s
                  - RESTARTING: {for: 5s..6s, because: oom}
              - RUNNING: 20s
              - FAILING: {for: 1s, because: {class: a.B, caused-by: oom}}
              - FAILED
        """
    )
    oom = Throwable("java.lang.OutOfMemoryError", "Java heap space")
    assert found.lifecycle == (
        Step("CREATED", Span.exactly(500)),
        Repeat(
            (
                Step("RUNNING", Span.exactly(20_000)),
                Step("RESTARTING", Span(5_000, 6_000), Cause(oom, "window", 1)),
            ),
            2,
        ),
        Step("RUNNING", Span.exactly(20_000)),
        Step("FAILING", Span.exactly(1_000), Cause(Throwable("a.B", cause=oom))),
        Step("FAILED"),
    )


def test_the_last_state_needs_no_length() -> None:
    assert job("jobs: {a: {lifecycle: [RUNNING]}}").lifecycle == (Step("RUNNING", FOREVER),)
    assert job("jobs: {a: {lifecycle: [{RUNNING: {}}]}}").lifecycle == (Step("RUNNING", FOREVER),)
    assert job("jobs: {a: {lifecycle: [{RUNNING: 3s}, {FAILING: 1s}, {FAILED: forever}]}}").lifecycle[-1] == Step(
        "FAILED"
    )


def test_moves_of_the_adaptive_scheduler() -> None:
    text = "jobs: {a: {lifecycle: [{RUNNING: 3s}, {RESTARTING: 1s}, {CREATED: 2s}, RUNNING]}}"
    assert len(job("cluster: {config: {jobmanager.scheduler: adaptive}}\n" + text).lifecycle) == 4


def test_vertices() -> None:
    found = job(
        """
        jobs:
          orders:
            parallelism: 4
            vertices:
              - name: left
                operators: ["Source: a", parse]
                parallelism: 2
                rate: 1.5
                record-size: 1KB
              - {name: right, inputs: []}
              - name: join
                inputs: [{from: left, ship: HASH}, right]
                accumulators: {seen: LongCounter}
                selectivity: 0.5
              - "a -> b"
              - {name: sink, parallelism: 100, id: 0123456789abcdef0123456789abcdef}
        """
    )
    left, right, join, chain, sink = found.vertices
    assert (left.name, left.parallelism, left.own_parallelism, left.inputs) == ("Source: a -> parse", 2, True, ())
    assert (left.records_per_second, left.bytes_per_record) == (1.5, 1024)
    assert (right.name, right.parallelism, right.own_parallelism, right.inputs) == ("right", 4, False, ())
    assert join.inputs == (Input(0, "HASH"), Input(1, "FORWARD"))
    assert (join.accumulators, join.selectivity) == ({"seen": "LongCounter"}, 0.5)
    assert chain.operators == ("a", "b")
    assert chain.inputs == (Input(2, "FORWARD"),)
    assert sink.inputs == (Input(3, "REBALANCE"),)
    assert (sink.id, sink.max_parallelism) == ("0123456789abcdef0123456789abcdef", 256)


def test_batch_jobs_exchange_whole_results() -> None:
    found = job("jobs: {a: {type: batch}}")
    assert found.type == "BATCH"
    assert found.checkpoints is None
    assert found.vertices[1].inputs == (Input(0, "FORWARD", "blocking"),)
    assert found.lifecycle[-2:] == (Step("RUNNING", Span.exactly(30_000)), Step("FINISHED"))


def test_extends_merges_mappings_and_replaces_all_else() -> None:
    spec = load_scenario(
        """
        templates:
          orders-v1:
            name: orders
            parallelism: 4
            vertices: [source, window, sink]
            checkpoints: {every: 10s, takes: 500ms}
            user-config: {team: a, topic: b}
          orders-v2:
            extends: orders-v1
            parallelism: 8
            vertices: [source, sink]
            checkpoints: {every: 1s}
            user-config: {topic: c}
        jobs:
          first: orders-v1
          second: {template: orders-v2, name: other, checkpoints: none}
        submitted:
          orders-2*.jar: orders-v2
          plain.jar: {extends: batch}
        """
    )
    first, second = spec.jobs
    assert (first.name, second.name) == ("orders", "other")
    assert first.checkpoints == CheckpointSpec(every=10_000, takes=Span.exactly(500))
    assert second.checkpoints is None
    assert [vertex.name for vertex in second.vertices] == ["source", "sink"]
    assert second.user_config == {"team": "a", "topic": "c"}
    assert [(rule.pattern, rule.job.name) for rule in spec.submissions] == [
        ("orders-2*.jar", "orders"),
        ("plain.jar", "Flink Batch Job"),
        ("*", "Flink Streaming Job"),
    ]
    assert spec.submissions[0].job.checkpoints == CheckpointSpec(every=1_000, takes=Span.exactly(500))


def test_a_built_in_template_can_be_changed() -> None:
    spec = load_scenario(
        "templates: {streaming: {extends: streaming, parallelism: 3}}\njobs: {a: streaming, b: failing, c: }"
    )
    assert [each.parallelism for each in spec.jobs] == [3, 3, 1]
    assert spec.submissions[0].job.parallelism == 3


def test_a_submission_is_named_by_its_template() -> None:
    spec = load_scenario(
        "templates: {orders: {parallelism: 2}}\nsubmitted: {'*': orders, x: {extends: orders, name: y}}"
    )
    assert [rule.job.name for rule in spec.submissions] == ["orders", "y"]


@pytest.mark.parametrize("name", ["streaming", "batch", "failing", "restarting", "stuck"])
def test_built_in_templates(name: str) -> None:
    found = job(f"jobs: {{orders: {name}}}")
    assert found.name == "orders"
    assert found.type == ("BATCH" if name == "batch" else "STREAMING")
    assert [vertex.name for vertex in found.vertices] == ["Source: source", "map", "Sink: sink"]


def test_operations() -> None:
    spec = load_scenario(
        """
        causes:
          expired: {class: org.apache.flink.runtime.checkpoint.CheckpointException, message: Checkpoint expired.}
        operations:
          savepoint: {fails: [1, 3], because: expired}
          cancel: 500ms
        jobs:
          orders:
            operations:
              savepoint: 3s
              stop-with-savepoint: {takes: 1s}
              rescale: 2s
        """
    )
    expired = Throwable("org.apache.flink.runtime.checkpoint.CheckpointException", "Checkpoint expired.")
    assert spec.operations == {
        "savepoint": OperationSpec(OPERATIONS["savepoint"].takes, frozenset({1, 3}), expired),
        "cancel": OperationSpec(Span.exactly(500)),
    }
    assert spec.jobs[0].operations == {
        "savepoint": OperationSpec(Span.exactly(3_000), frozenset({1, 3}), expired),
        "stop-with-savepoint": OperationSpec(Span.exactly(1_000)),
        "rescale": OperationSpec(Span.exactly(2_000)),
    }


def test_restart_strategies() -> None:
    spec = load_scenario(
        "jobs:\n  a: {restart: none}\n  b: {restart: {strategy: fixed-delay, attempts: 2, delay: 1m}}\n  c: streaming\n"
    )
    assert [each.restart for each in spec.jobs] == [
        RestartStrategy("none"),
        RestartStrategy("fixed-delay", 2, 60_000),
        RestartStrategy(configured_by_job=False),
    ]


def test_programs() -> None:
    found = job(
        """
        jobs:
          orders:
            vertices: [source, {name: work, operators: [a, b]}, sink]
            program:
              throws: {class: java.lang.IllegalStateException, message: "no", at: [org.example.Main.main(Main.java:1)]}
              executes: nothing
              arguments: {--name: name, --par: [work.parallelism, sink.parallelism]}
              arguments-as-user-config: true
        """
    )
    assert found.program.throws == Throwable(
        "java.lang.IllegalStateException", "no", frames=("org.example.Main.main(Main.java:1)",)
    )
    assert not found.program.executes
    assert found.program.arguments == {"--name": ("name",), "--par": ("a -> b.parallelism", "sink.parallelism")}
    assert found.program.arguments_are_user_config


def test_the_rest() -> None:
    spec = load_scenario(
        "clock: 1s per request\nseed: 5\ncluster: {taskmanagers: 0, slots: 2, caches: false}\n"
        "jobs: {a: {started: 1h30m ago, id: 0123456789abcdef0123456789abcdef}}\n$schema: x\n"
    )
    assert (spec.clock, spec.seed, spec.task_managers, spec.slots, spec.caches) == ("1s per request", 5, 0, 2, False)
    assert (spec.jobs[0].started_ago, spec.jobs[0].id) == (5_400_000, "0123456789abcdef0123456789abcdef")


@pytest.mark.parametrize("clock", ["real", "virtual", "10x", "0.5x", "1s per request", "1m30s per request"])
def test_every_clock_of_the_language_is_one_of_the_cluster(clock: str) -> None:
    from flinkmock.cluster.clock import Clock

    written = load_scenario(f"clock: {clock}").clock
    assert written is not None
    Clock(written, lambda: 0)


def test_an_ordinary_file_loads_in_under_30_ms() -> None:
    file = ROOT / "scenarios" / "demo.yaml"
    lengths = []
    for _ in range(5):
        begin = time.perf_counter()
        load_scenario(file)
        lengths.append(time.perf_counter() - begin)
    assert min(lengths) < 0.030


def test_importing_flinkmock_loads_neither_yaml_nor_jsonschema() -> None:
    code = (
        "import sys, flinkmock, flinkmock.scenario as s; print([m for m in ('yaml', 'jsonschema') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_hand_made_cluster_and_an_empty_scenario_agree() -> None:
    empty = load_scenario(None)
    assert empty == Scenario(submissions=empty.submissions)


def test_a_scenario_lies_over_the_one_it_extends(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "far.yaml").write_text("seed: 1\njobs: {returns: batch}\n")
    (tmp_path / "base" / "near.yaml").write_text(
        "extends: far.yaml\nseed: 2\noperations: {savepoint: 3s}\njobs: {orders: {parallelism: 2, vertices: [a, b]}}\n"
    )
    file = tmp_path / "own.yaml"
    file.write_text("extends: base/near.yaml\njobs: {orders: {vertices: [c]}}\noperations: {cancel: 1s}\n")
    spec = load_scenario(file)
    assert (spec.seed, sorted(spec.operations)) == (2, ["cancel", "savepoint"])
    orders, returns = spec.jobs
    assert (orders.name, orders.parallelism, [v.name for v in orders.vertices]) == ("orders", 2, ["c"])
    assert (returns.name, returns.type) == ("returns", "BATCH")


@pytest.mark.parametrize("name", ["", "\0", "x" * 5000, "/", "."])
def test_a_file_that_can_not_be_extended(name: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError):
        load_scenario({"extends": name})
