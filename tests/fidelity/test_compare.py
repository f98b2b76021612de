"""`compare` reports differences in status, headers and shape, but not in values that vary between runs."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.fidelity.compare import compare
from tests.fidelity.recordings import RECORDINGS, load, suite_paths

VERSIONS = ("2.3.0", "1.20.5", "1.12.5")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_recording_equals_itself(version: str) -> None:
    paths = suite_paths(RECORDINGS / version)
    assert set(paths) == {"cluster", "jars", "job-running", "savepoints", "lifecycle", "rescale", "errors"}
    for path in paths.values():
        steps = load(path)
        assert compare(steps, steps).differences == {}


def test_the_recordings_of_two_releases_differ() -> None:
    newer, older = (load(RECORDINGS / version / "cluster.json.gz") for version in ("2.3.0", "1.12.5"))
    assert compare(newer, older).equal_share < 0.8


def step(body: Any, **fields: Any) -> dict[str, Any]:
    headers = {"content-type": "application/json; charset=UTF-8", "access-control-allow-origin": "*"}
    response = {"status": 200, "reason": "OK", "headers": headers, "kind": "json", "body": body}
    return {"suite": "s", "step": "one", "response": response} | fields


REAL = {
    "jid": "0123456789abcdef0123456789abcdef",
    "state": "RUNNING",
    "duration": 1207,
    "end-time": -1,
    "ratio": 0.5,
    "plan": None,
    "vertices": [{"id": "ffffffffffffffffffffffffffffffff", "tasks": {"RUNNING": 2, "FINISHED": 0}}],
}


def changed_step(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    other = step(copy.deepcopy(REAL))
    change(other["response"])
    return other


DIFFERENCES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a key is missing": lambda response: response["body"].pop("jid"),
    "an extra key": lambda response: response["body"].update(extra=1),
    "another order of keys": lambda response: response.update(body=dict(reversed(response["body"].items()))),
    "int for float": lambda response: response["body"].update(ratio=1),
    "text for int": lambda response: response["body"].update(duration="1207"),
    "null for a list": lambda response: response["body"].update(vertices=None),
    "an empty list": lambda response: response["body"].update(vertices=[]),
    "a value for null": lambda response: response["body"].update(plan={}),
    "a time for -1": lambda response: response["body"].update({"end-time": 5}),
    "another state": lambda response: response["body"].update(state="FINISHED"),
    "another form of an id": lambda response: response["body"].update(jid="job-1"),
    "a difference in a nested object": lambda response: response["body"]["vertices"][0].update(id=7),
    "another status": lambda response: response.update(status=202),
    "another content type": lambda response: response["headers"].update({"content-type": "application/json"}),
    "no CORS header": lambda response: response["headers"].pop("access-control-allow-origin"),
    "no body": lambda response: response.update(kind="empty"),
    "no response": lambda response: response.update(status=0),
}


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_a_single_difference_is_reported(difference: str) -> None:
    assert compare([step(REAL)], [changed_step(DIFFERENCES[difference])]).equal_count == 0


def test_values_that_change_from_run_to_run_do_not_count() -> None:
    def change_values(response: dict[str, Any]) -> None:
        body = response["body"]
        body.update(jid="f" * 32, duration=99, ratio=0.75)
        body["vertices"][0]["tasks"] = {"FINISHED": 1, "RUNNING": 1}  # the order of states varies, too

    assert compare([step(REAL)], [changed_step(change_values)]).differences == {}


def error_step(*messages: str) -> dict[str, Any]:
    return step({"errors": list(messages)})


def test_errors_are_compared_by_their_first_lines_without_ids() -> None:
    real = error_step(f"Job {'a' * 32} not found\n\tat one.Line")
    assert compare([real], [error_step(f"Job {'b' * 32} not found\n\tat another.Line")]).equal_count == 1
    assert compare([real], [error_step(f"Job {'b' * 32} was not found")]).equal_count == 0
    assert compare([real], [error_step(f"Job {'a' * 32} not found", "more")]).equal_count == 0


@pytest.mark.parametrize(
    ("polled_states", "is_equal"),
    [
        (["CREATED", "RUNNING", "FINISHED"], True),
        (["RUNNING", "CANCELLING", "FINISHED"], True),
        (["FINISHED"], True),
        (["RUNNING", "FAILED"], False),
        (["FINISHED", "RUNNING"], False),
    ],
)
def test_polls_may_miss_states_but_not_contradict_each_other(polled_states: list[str], is_equal: bool) -> None:
    real = step({}, timeline=[[0, 200, "RUNNING"], [9, 200, "FINISHED"]])
    other = step({}, timeline=[[0, 200, state] for state in polled_states])
    assert bool(compare([real], [other]).equal_count) is is_equal


def test_a_missing_step_counts_as_different() -> None:
    score = compare([step(REAL)], [])
    assert score.differences == {"s: one": ["step missing"]}
