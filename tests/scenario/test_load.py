"""Scenarios are loaded from files, texts and mappings, and can extend other files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flinkmock.cluster.clock import Clock
from flinkmock.cluster.spec import CheckpointSpec, Step
from flinkmock.named_random import UNBOUNDED
from flinkmock.scenario import ScenarioError, load_scenario
from flinkmock.scenario.scenario import Scenario

ROOT = Path(__file__).parents[2]
SCENARIOS = sorted((ROOT / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_a_built_in_scenario_loads_and_begins_with_its_schema_and_a_description(file: Path) -> None:
    scenario = load_scenario(file)
    assert scenario.jobs
    first, second = file.read_text("utf-8").splitlines()[:2]
    assert first == "# yaml-language-server: $schema=../schemas/scenario.schema.json"
    assert second.startswith("# ")


def test_the_demo_has_a_job_with_each_kind_of_end() -> None:
    last_states = {}
    for job in load_scenario(ROOT / "scenarios" / "demo.yaml").jobs:
        last_step = job.lifecycle[-1]
        last_states[job.name] = last_step.state if isinstance(last_step, Step) else "restarts"
    assert sorted(last_states.values()) == ["CANCELED", "FAILED", "FINISHED", "RUNNING", "restarts"]


@pytest.mark.parametrize("source", [None, "", "# nothing\n", "---\n", "~", {}, "jobs:\ncluster:\n"])
def test_an_empty_scenario_is_a_working_cluster(source: str | dict[str, object] | None) -> None:
    scenario = load_scenario(source)
    assert (
        scenario.taskmanager_count,
        scenario.slots_per_taskmanager,
        scenario.seed,
        scenario.flink,
        scenario.jobs,
    ) == (1, 4, 0, None, ())
    (rule,) = scenario.submissions
    assert (rule.pattern, rule.job.name, rule.job.type) == ("*", "Flink Streaming Job", "STREAMING")
    assert rule.job.lifecycle[-1] == Step("RUNNING", UNBOUNDED)
    assert rule.job.checkpoints == CheckpointSpec(every=10_000)


def test_a_scenario_can_be_a_path_text_or_mapping(tmp_path: Path) -> None:
    text = "seed: 3\njobs:\n  orders: streaming\n"
    file = tmp_path / "orders.yml"
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    scenario = load_scenario(text)
    assert scenario == load_scenario(file) == load_scenario(str(file))
    assert scenario == load_scenario({"seed": 3, "jobs": {"orders": "streaming"}})


def test_the_same_file_gives_equal_scenarios() -> None:
    file = ROOT / "scenarios" / "demo.yaml"
    assert load_scenario(file) == load_scenario(file)


@pytest.mark.parametrize(
    ("text", "release"),
    [("1.20", "1.20"), ('"1.20"', "1.20"), ("2.1", "2.1"), ("'2.0'", "2.0")],
)
def test_a_release_is_text_and_not_a_number(text: str, release: str) -> None:
    assert load_scenario(f"flink: {text}").flink == release


def test_words_that_yaml_1_1_converts_are_text() -> None:
    scenario = load_scenario("jobs:\n  on: streaming\n  no: streaming\n  1:30: streaming\n  2: streaming\n")
    assert [job.name for job in scenario.jobs] == ["on", "no", "1:30", "2"]


def test_options_are_text_as_written() -> None:
    scenario = load_scenario(
        "cluster:\n  config:\n    a: 1.20\n    b: true\n    c: 0x10\n    d:\n    e: yes\n    f: '~'\n    g: 1_000\n"
    )
    assert scenario.configuration == {
        "a": "1.20", "b": "true", "c": "0x10", "d": None, "e": "yes", "f": "~", "g": "1_000",
    }  # fmt: skip


def test_values_of_the_cluster_and_of_jobs_are_read() -> None:
    scenario = load_scenario(
        "clock: 1s per request\nseed: 5\ncluster: {taskmanagers: 0, slots: 2, caches: false}\n"
        "jobs: {a: {age: 1h30m, id: 0123456789abcdef0123456789abcdef}}\n$schema: x\n"
    )
    assert (scenario.clock, scenario.seed, scenario.with_caches) == ("1s per request", 5, False)
    assert (scenario.taskmanager_count, scenario.slots_per_taskmanager) == (0, 2)
    assert (scenario.jobs[0].age, scenario.jobs[0].id) == (5_400_000, "0123456789abcdef0123456789abcdef")


@pytest.mark.parametrize("clock", ["real", "virtual", "10x", "0.5x", "1s per request", "1m30s per request"])
def test_the_cluster_accepts_every_clock_of_the_scenario_language(clock: str) -> None:
    mode = load_scenario(f"clock: {clock}").clock
    assert mode is not None
    Clock(mode, lambda: 0)


def test_importing_flinkmock_imports_neither_yaml_nor_jsonschema() -> None:
    code = "import sys, flinkmock, flinkmock.scenario; print(sys.modules.keys() & {'yaml', 'jsonschema'})"
    completed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert completed.stdout.strip() == "set()"


def test_an_empty_scenario_equals_a_scenario_with_default_values() -> None:
    empty = load_scenario(None)
    assert empty == Scenario(submissions=empty.submissions)


def test_a_scenario_overrides_the_one_that_it_extends(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "grandparent.yaml").write_text("seed: 1\njobs: {returns: batch}\n")
    (tmp_path / "base" / "parent.yaml").write_text(
        "extends: grandparent.yaml\nseed: 2\noperations: {savepoint: 3s}\n"
        "jobs: {orders: {parallelism: 2, vertices: [a, b]}}\n"
    )
    file = tmp_path / "child.yaml"
    file.write_text("extends: base/parent.yaml\njobs: {orders: {vertices: [c]}}\noperations: {cancel: 1s}\n")
    scenario = load_scenario(file)
    assert (scenario.seed, sorted(scenario.cluster_operations)) == (2, ["cancel", "savepoint"])
    orders, returns = scenario.jobs
    assert (orders.name, orders.parallelism, [vertex.name for vertex in orders.vertices]) == ("orders", 2, ["c"])
    assert (returns.name, returns.type) == ("returns", "BATCH")
    assert scenario.files == (file, tmp_path / "base" / "parent.yaml", tmp_path / "base" / "grandparent.yaml")


def test_a_missing_file_is_looked_up_among_the_built_in_scenarios(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    built_in = load_scenario(Path(__file__).parents[2] / "scenarios" / "crash-loop.yaml")
    assert [job.name for job in built_in.jobs] == ["orders"]
    for source in ("crash-loop.yaml", Path("crash-loop.yaml"), {"extends": "crash-loop.yaml"}):
        assert load_scenario(source).jobs == built_in.jobs
    with pytest.raises(ScenarioError) as error:
        load_scenario("crashloop.yaml")
    assert str(error.value) == (
        f"crashloop.yaml: file not found in {tmp_path}, or among the built-in scenarios. "
        'Did you mean "crash-loop.yaml"?'
    )
    (tmp_path / "crash-loop.yaml").write_text("seed: 4")
    assert load_scenario("crash-loop.yaml").seed == 4


@pytest.mark.parametrize("name", ["", "\0", "x" * 5000, "/", "."])
def test_a_file_that_cannot_be_extended_is_a_mistake(name: str) -> None:
    with pytest.raises(ScenarioError):
        load_scenario({"extends": name})
