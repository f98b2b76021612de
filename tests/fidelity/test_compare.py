"""The comparer reports each difference that a client can see, and no others."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.fidelity.compare import compare
from tests.fidelity.recordings import RECORDINGS, load, suites

RELEASES = ("2.3.0", "1.20.5", "1.12.5")


@pytest.mark.parametrize("release", RELEASES)
def test_a_recording_equals_itself(release: str) -> None:
    files = suites(RECORDINGS / release)
    assert set(files) == {"cluster", "jars", "job-running", "savepoints", "lifecycle", "rescale", "errors"}
    for path in files.values():
        steps = load(path)
        assert compare(steps, steps).differing == {}


def test_releases_differ() -> None:
    newer, older = (load(RECORDINGS / release / "cluster.json.gz") for release in ("2.3.0", "1.12.5"))
    assert compare(newer, older).share < 0.8


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


def changed(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    other = step(copy.deepcopy(REAL))
    change(other)
    return other


DIFFERENCES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a key is missing": lambda s: s["response"]["body"].pop("jid"),
    "an extra key": lambda s: s["response"]["body"].update(extra=1),
    "another order of keys": lambda s: s["response"].update(body=dict(reversed(s["response"]["body"].items()))),
    "int for float": lambda s: s["response"]["body"].update(ratio=1),
    "text for int": lambda s: s["response"]["body"].update(duration="1207"),
    "null for a list": lambda s: s["response"]["body"].update(vertices=None),
    "an empty list": lambda s: s["response"]["body"].update(vertices=[]),
    "a value for null": lambda s: s["response"]["body"].update(plan={}),
    "a time for -1": lambda s: s["response"]["body"].update({"end-time": 5}),
    "another state": lambda s: s["response"]["body"].update(state="FINISHED"),
    "another form of an id": lambda s: s["response"]["body"].update(jid="job-1"),
    "a difference in a nested object": lambda s: s["response"]["body"]["vertices"][0].update(id=7),
    "another status": lambda s: s["response"].update(status=202),
    "another content type": lambda s: s["response"]["headers"].update({"content-type": "application/json"}),
    "no CORS header": lambda s: s["response"]["headers"].pop("access-control-allow-origin"),
    "no body": lambda s: s["response"].update(kind="empty"),
    "no response": lambda s: s["response"].update(status=0),
}


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_a_single_difference_is_reported(difference: str) -> None:
    assert compare([step(REAL)], [changed(DIFFERENCES[difference])]).matching == 0


def test_values_that_change_from_run_to_run_do_not_count() -> None:
    def later(other: dict[str, Any]) -> None:
        body = other["response"]["body"]
        body.update(jid="f" * 32, duration=99, ratio=0.75)
        body["vertices"][0]["tasks"] = {"FINISHED": 1, "RUNNING": 1}

    assert compare([step(REAL)], [changed(later)]).differing == {}


def error(*messages: str) -> dict[str, Any]:
    return step({"errors": list(messages)})


def test_errors_are_compared_by_their_first_lines_without_ids() -> None:
    real = error(f"Job {'a' * 32} not found\n\tat one.Line")
    assert compare([real], [error(f"Job {'body' * 32} not found\n\tat another.Line")]).matching == 1
    assert compare([real], [error(f"Job {'body' * 32} was not found")]).matching == 0
    assert compare([real], [error(f"Job {'a' * 32} not found", "more")]).matching == 0


@pytest.mark.parametrize(
    ("polled", "fits"),
    [
        (["CREATED", "RUNNING", "FINISHED"], True),
        (["RUNNING", "CANCELLING", "FINISHED"], True),
        (["FINISHED"], True),
        (["RUNNING", "FAILED"], False),
        (["FINISHED", "RUNNING"], False),
    ],
)
def test_a_poll_may_miss_states_but_not_see_others(polled: list[str], fits: bool) -> None:
    real = step({}, timeline=[[0, 200, "RUNNING"], [9, 200, "FINISHED"]])
    other = step({}, timeline=[[0, 200, state] for state in polled])
    assert bool(compare([real], [other]).matching) is fits


def test_a_missing_step_counts_as_different() -> None:
    score = compare([step(REAL)], [])
    assert score.differing == {"s: one": ["step missing"]}
