"""Jobs, lifecycles and operations of a scenario are read into specs."""

from __future__ import annotations

import dataclasses

import pytest

from flinkmock.cluster.spec import (
    DEFAULT_CLUSTER_OPERATIONS,
    CheckpointSpec,
    ClusterOperationSpec,
    ExceptionSpec,
    Input,
    JobSpec,
    Repeat,
    RestartStrategy,
    Step,
)
from flinkmock.flink.java_exception import JavaException
from flinkmock.named_random import UNBOUNDED, ZERO, UniformRange
from flinkmock.scenario import load_scenario
from tests.scenario.scenario_helpers import scenario_harness


def load_only_job(text: str) -> JobSpec:
    (spec,) = load_scenario(text).jobs
    return spec


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", ZERO),
        ("500ms", UniformRange.exactly(500)),
        ("3s", UniformRange.exactly(3_000)),
        ("0.5s", UniformRange.exactly(500)),
        ("2m30s", UniformRange.exactly(150_000)),
        ("1h", UniformRange.exactly(3_600_000)),
        ("1d12h", UniformRange.exactly(129_600_000)),
        ("1m500ms", UniformRange.exactly(60_500)),
        ("1s..3s", UniformRange(1_000, 3_000)),
        ("900ms..1m", UniformRange(900, 60_000)),
        ("forever", UNBOUNDED),
    ],
)
def test_durations_are_read(text: str, expected: UniformRange) -> None:
    assert load_scenario(f"operations:\n  savepoint: {text}").cluster_operations["savepoint"].duration == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", ZERO),
        ("512B", UniformRange.exactly(512)),
        ("1.5KB", UniformRange.exactly(1536)),
        ("12MB..1GB", UniformRange(12 << 20, 1 << 30)),
    ],
)
def test_sizes_are_read(text: str, expected: UniformRange) -> None:
    checkpoints = load_only_job(f"jobs:\n  a:\n    checkpoints:\n      size: {text}").checkpoints
    assert checkpoints is not None
    assert checkpoints.size == expected


def test_a_lifecycle_is_read() -> None:
    spec = load_only_job(
        """
        exceptions:
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
                  - RESTARTING: {duration: 5s..6s, exception: oom}
              - RUNNING: 20s
              - FAILING: {duration: 1s, exception: {class: a.B, cause: oom}}
              - FAILED
        """
    )
    oom = JavaException("java.lang.OutOfMemoryError", "Java heap space")
    assert spec.lifecycle == (
        Step("CREATED", UniformRange.exactly(500)),
        Repeat(
            (
                Step("RUNNING", UniformRange.exactly(20_000)),
                Step("RESTARTING", UniformRange(5_000, 6_000), ExceptionSpec(oom, "window", 1)),
            ),
            2,
        ),
        Step("RUNNING", UniformRange.exactly(20_000)),
        Step("FAILING", UniformRange.exactly(1_000), ExceptionSpec(JavaException("a.B", cause=oom))),
        Step("FAILED"),
    )


def test_the_last_state_needs_no_duration() -> None:
    assert load_only_job("jobs: {a: {lifecycle: [RUNNING]}}").lifecycle == (Step("RUNNING", UNBOUNDED),)
    assert load_only_job("jobs: {a: {lifecycle: [{RUNNING: {}}]}}").lifecycle == (Step("RUNNING", UNBOUNDED),)
    assert load_only_job("jobs: {a: {lifecycle: [{RUNNING: 3s}, {FAILING: 1s}, {FAILED: forever}]}}").lifecycle[
        -1
    ] == Step("FAILED")


def test_created_can_follow_restarting_with_the_adaptive_scheduler() -> None:
    text = "jobs: {a: {lifecycle: [{RUNNING: 3s}, {RESTARTING: 1s}, {CREATED: 2s}, RUNNING]}}"
    assert len(load_only_job("cluster: {config: {jobmanager.scheduler: adaptive}}\n" + text).lifecycle) == 4


def test_vertices_are_read() -> None:
    spec = load_only_job(
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
                inputs: [{from: left, ship-strategy: HASH}, right]
                accumulators: {records: LongCounter}
                selectivity: 0.5
              - "a -> b"
              - {name: sink, parallelism: 100, id: 0123456789abcdef0123456789abcdef}
        """
    )
    left, right, join, chain, sink = spec.vertices
    assert (left.name, left.parallelism, left.has_own_parallelism, left.inputs) == ("Source: a -> parse", 2, True, ())
    assert (left.records_per_second, left.bytes_per_record) == (1.5, 1024)
    assert (right.name, right.parallelism, right.has_own_parallelism, right.inputs) == ("right", 4, False, ())
    assert join.inputs == (Input(0, "HASH"), Input(1, "FORWARD"))
    assert (join.accumulators, join.selectivity) == ({"records": "LongCounter"}, 0.5)
    assert chain.operators == ("a", "b")
    assert chain.inputs == (Input(2, "FORWARD"),)
    assert sink.inputs == (Input(3, "REBALANCE"),)
    assert (sink.id, sink.max_parallelism) == ("0123456789abcdef0123456789abcdef", 256)


def test_the_branches_of_a_fork_are_one_operator() -> None:
    spec = load_only_job("jobs: {a: {vertices: [{name: 's -> map -> (f -> Sink: a, Sink: b)'}]}}")
    assert spec.vertices[0].operators == ("s", "map", "(f -> Sink: a, Sink: b)")


def test_batch_jobs_have_blocking_edges() -> None:
    spec = load_only_job("jobs: {a: {type: batch}}")
    assert spec.type == "BATCH"
    assert spec.checkpoints is None
    assert spec.vertices[1].inputs == (Input(0, "FORWARD", "blocking"),)
    assert spec.lifecycle[-2:] == (Step("RUNNING", UniformRange.exactly(30_000)), Step("FINISHED"))


def test_extends_merges_mappings_and_replaces_other_values() -> None:
    scenario = load_scenario(
        """
        templates:
          orders-v1:
            name: orders
            parallelism: 4
            vertices: [source, window, sink]
            checkpoints: {every: 10s, duration: 500ms}
            user-config: {team: a, topic: b}
          orders-v2:
            extends: orders-v1
            parallelism: 8
            vertices: [source, sink]
            checkpoints: {every: 1s}
            user-config: {topic: c}
        jobs:
          first: orders-v1
          second: {extends: orders-v2, name: other, checkpoints: none}
        submitted:
          orders-2*.jar: orders-v2
          plain.jar: {extends: batch}
        """
    )
    first, second = scenario.jobs
    assert (first.name, second.name) == ("orders", "other")
    assert first.checkpoints == CheckpointSpec(every=10_000, duration=UniformRange.exactly(500))
    assert second.checkpoints is None
    assert [vertex.name for vertex in second.vertices] == ["source", "sink"]
    assert second.user_config == {"team": "a", "topic": "c"}
    assert [(rule.pattern, rule.job.name) for rule in scenario.submissions] == [
        ("orders-2*.jar", "orders"),
        ("plain.jar", "Flink Batch Job"),
        ("*", "Flink Streaming Job"),
    ]
    assert scenario.submissions[0].job.checkpoints == CheckpointSpec(every=1_000, duration=UniformRange.exactly(500))


def test_a_built_in_template_can_be_changed() -> None:
    scenario = load_scenario(
        "templates: {streaming: {extends: streaming, parallelism: 3}}\njobs: {a: streaming, b: failing, c: }"
    )
    assert [job.parallelism for job in scenario.jobs] == [3, 3, 1]
    assert scenario.submissions[0].job.parallelism == 3


def test_a_submitted_job_has_the_name_of_its_template() -> None:
    scenario = load_scenario(
        "templates: {orders: {parallelism: 2}}\nsubmitted: {'*': orders, x: {extends: orders, name: y}}"
    )
    assert [rule.job.name for rule in scenario.submissions] == ["orders", "y"]


@pytest.mark.parametrize("name", ["streaming", "batch", "failing", "restarting", "stuck"])
def test_a_built_in_template_has_three_vertices(name: str) -> None:
    spec = load_only_job(f"jobs: {{orders: {name}}}")
    assert spec.name == "orders"
    assert spec.type == ("BATCH" if name == "batch" else "STREAMING")
    assert [vertex.name for vertex in spec.vertices] == ["Source: source", "map", "Sink: sink"]


@pytest.mark.parametrize(
    ("definition", "scheduler", "states"),
    [
        ("extends: streaming", "default", ["RUNNING"]),
        ("extends: streaming", "adaptive", ["RUNNING"]),
        ("extends: batch", "default", ["RUNNING", "FINISHED"]),
        ("extends: batch", "adaptive", ["RUNNING", "FINISHED"]),
        ("extends: restarting, type: batch", "adaptive", ["RUNNING", "RESTARTING", "RUNNING", "RESTARTING"]),
        ("extends: failing", "default", ["RUNNING", "FAILING", "FAILED"]),
        ("extends: failing", "adaptive", ["RUNNING", "FAILING", "FAILED"]),
        ("extends: restarting", "default", ["RUNNING", "RESTARTING", "RUNNING", "RESTARTING"]),
        ("extends: restarting", "adaptive", ["RUNNING", "RESTARTING", "CREATED", "RUNNING", "RESTARTING"]),
        ("extends: stuck", "default", ["RUNNING"]),
        ("extends: stuck", "adaptive", []),
    ],
)
def test_the_lifecycles_of_built_in_templates_fit_the_scheduler(
    definition: str, scheduler: str, states: list[str]
) -> None:
    text = f"cluster: {{config: {{jobmanager.scheduler: {scheduler}}}}}\njobs: {{orders: {{{definition}}}}}"
    with scenario_harness(text) as harness:
        harness.advance_to(41_500)
        assert [state for _, state in harness.timeline()] == ["INITIALIZING", "CREATED", *states]


def test_operations_are_read() -> None:
    scenario = load_scenario(
        """
        exceptions:
          expired: {class: org.apache.flink.runtime.checkpoint.CheckpointException, message: Checkpoint expired.}
        operations:
          savepoint: {fails: [1, 3], exception: expired}
          cancel: 500ms
        jobs:
          orders:
            operations:
              savepoint: 3s
              stop-with-savepoint: {duration: 1s}
              rescale: 2s
        """
    )
    expired = JavaException("org.apache.flink.runtime.checkpoint.CheckpointException", "Checkpoint expired.")
    assert scenario.cluster_operations == {
        "savepoint": dataclasses.replace(
            DEFAULT_CLUSTER_OPERATIONS["savepoint"], fails=frozenset({1, 3}), exception=expired
        ),
        "cancel": ClusterOperationSpec(UniformRange.exactly(500)),
    }
    assert scenario.jobs[0].cluster_operations == {
        "savepoint": ClusterOperationSpec(UniformRange.exactly(3_000), frozenset({1, 3}), expired),
        "stop-with-savepoint": ClusterOperationSpec(UniformRange.exactly(1_000)),
        "rescale": ClusterOperationSpec(UniformRange.exactly(2_000)),
    }


def test_restart_strategies_are_read() -> None:
    scenario = load_scenario(
        "jobs:\n  a: {restart: none}\n  b: {restart: {strategy: fixed-delay, attempts: 2, delay: 1m}}\n  c: streaming\n"
    )
    assert [job.restart for job in scenario.jobs] == [
        RestartStrategy("none"),
        RestartStrategy("fixed-delay", 2, 60_000),
        RestartStrategy(configured_by_job=False),
    ]


def test_programs_are_read() -> None:
    spec = load_only_job(
        """
        jobs:
          orders:
            vertices: [source, {name: work, operators: [a, b]}, sink]
            program:
              throws: {class: java.lang.IllegalStateException, message: "no", stack-trace: [a.Main.main(Main.java:1)]}
              executes: false
              arguments: {--name: name, --par: [work.parallelism, sink.parallelism]}
              arguments-in-user-config: true
        """
    )
    assert spec.program.throws == JavaException(
        "java.lang.IllegalStateException", "no", frames=("a.Main.main(Main.java:1)",)
    )
    assert not spec.program.executes
    assert spec.program.arguments == {"--name": ("name",), "--par": ("a -> b.parallelism", "sink.parallelism")}
    assert spec.program.arguments_in_user_config


def test_options_apply_to_jobs_that_set_other_settings_of_checkpoints() -> None:
    spec = load_only_job(
        """
        cluster:
          config: {execution.checkpointing.aligned-checkpoint-timeout: 30s, execution.checkpointing.timeout: 7m}
        jobs: {orders: {checkpoints: {size: 5MB}}}
        """
    )
    assert spec.checkpoints is not None
    assert (spec.checkpoints.aligned_timeout, spec.checkpoints.timeout) == (30_000, 420_000)
