"""Recorded responses of real clusters keep the invariants, and the invariants compare them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator

import pytest

from flinkmock.conformance.coherence import View, success_response
from flinkmock.conformance.coherence.evaluation import violations
from flinkmock.conformance.coherence.values import SuccessResponse
from flinkmock.contract import Contract
from tests.conformance.broken_invariants import (
    JOB_ID,
    broken_between,
    broken_over_time,
    broken_within,
    invariants_of,
    response,
)
from tests.fidelity.recordings import RECORDINGS, Steps, load
from tests.fidelity.situations.before_running import SOURCE_ID
from tests.situations.recorded import FOLDER, VERSIONS

VERTEX_ID = "c4dcb5069029cbb1b217107d73dc5592"


def responses_to_reads(release: str, steps: Steps, **ids: str) -> Iterator[SuccessResponse]:
    """Yield the success responses to GET requests whose paths contain no other variables than those in `ids`.

    Args:
        release: The release of the recorded cluster.
        steps: The recorded steps.
        ids: Name of a variable in the recorded paths -> its value.
    """
    contract = Contract.load(release)
    for step in steps:
        request, recorded = step["request"], step["response"]
        if not set(re.findall(r"\{(\w+)\}", request["path"])) <= set(ids):
            continue
        target = request["path"].format_map(ids)
        match = contract.match_route("GET", target)
        if request["method"] == "GET" and match and recorded["status"] == match[0].status and "body" in recorded:
            query = f"?{request['query']}" if request.get("query") else ""
            sent_at, received_at = step["at_ms"], step["at_ms"] + step["t_ms"]
            yield success_response(match[0], target + query, recorded["body"], sent_at, received_at)


def steps_of_situation(release: str, situation: str) -> dict[str, Steps]:
    """Return the steps of a situation by their names without that of the situation."""
    steps: dict[str, Steps] = {}
    for step in load(FOLDER / f"{VERSIONS[release]}.json.gz"):
        prefix, _, name = step["step"].partition(": ")
        if prefix == situation:
            steps.setdefault(name, []).append(step)
    return steps


@pytest.mark.parametrize("release", ["2.3", "2.0", "1.20", "1.17"])
def test_a_job_that_waits_for_its_first_slots_keeps_all_invariants(release: str) -> None:
    by_name = steps_of_situation(release, "created")
    steps = [
        step for name, group in by_name.items() if not name.endswith(("after cancel", "CANCELED job")) for step in group
    ]
    job_id = by_name["job"][0]["response"]["body"]["jid"]
    responses = list(responses_to_reads(release, steps, job=job_id, v0=SOURCE_ID))
    invariants = invariants_of(release)
    relations = [relation for recorded in responses for relation in invariants.relations_within(recorded)]
    relations += invariants.relations_between(View(responses))
    assert len(relations) > 20
    assert [violation.relation.text for violation in violations(relations)] == []


@pytest.mark.parametrize("release", ["2.0", "1.17"])
def test_a_job_that_was_canceled_without_tasks_keeps_all_invariants(release: str) -> None:
    body = steps_of_situation(release, "created")["CANCELED job"][0]["response"]["body"]
    later = copy.deepcopy(body)
    later["now"] += 5_000
    later["duration"] += 5_000
    before, after = (response(release, "getJobDetails", f"/jobs/{body['jid']}", details) for details in (body, later))
    assert broken_within(release, before) == broken_over_time(release, before, after) == set()
    later["end-time"] = -1
    assert broken_within(release, after) == {"job-end-time"}


@pytest.mark.parametrize("version", ["1.12.5", "1.17.2", "1.18.1", "1.20.5"])
def test_a_vertex_on_a_taskmanager_combines_the_subtasks_there(version: str) -> None:
    release = version.rpartition(".")[0]
    bodies = {step["step"]: step["response"].get("body") for step in load(RECORDINGS / version / "job-running.json.gz")}
    target = f"/jobs/{JOB_ID}/vertices/{VERTEX_ID}"

    def is_broken(tasks: int) -> bool:
        body = copy.deepcopy(bodies["v1/taskmanagers"])
        body["taskmanagers"][0]["status-counts"]["RUNNING"] = tasks
        broken = broken_between(
            release,
            response(release, "getJobVertexDetails", target, bodies["v1"]),
            response(release, "getJobVertexTaskManagers", f"{target}/taskmanagers", body),
        )
        return "vertex-on-taskmanagers" in broken

    assert not is_broken(2)
    assert is_broken(3)


@pytest.mark.parametrize("version", ["1.18.1", "1.20.5"])
def test_a_vertex_is_listed_once_for_each_taskmanager_and_its_counters_grow(version: str) -> None:
    release = version.rpartition(".")[0]
    steps = load(RECORDINGS / version / "job-running.json.gz")
    body = next(step["response"]["body"] for step in steps if step["step"] == "v1/taskmanagers")
    target = f"/jobs/{JOB_ID}/vertices/{VERTEX_ID}/taskmanagers"

    def changed(**counters: int) -> SuccessResponse:
        """Return the response with other counters, a minute after the start of the vertex."""
        later = copy.deepcopy(body)
        later["taskmanagers"][0]["duration"] = 60_000
        later["taskmanagers"][0]["metrics"] |= {name.replace("_", "-"): value for name, value in counters.items()}
        return response(release, "getJobVertexTaskManagers", target, later)

    twice = {**body, "taskmanagers": 2 * body["taskmanagers"]}
    assert broken_within(release, response(release, "getJobVertexTaskManagers", target, body)) == set()
    assert broken_within(release, response(release, "getJobVertexTaskManagers", target, twice)) == {
        "status-on-taskmanager"
    }
    assert broken_over_time(release, changed(), changed(read_records=10_000)) == set()
    assert broken_over_time(release, changed(), changed(read_records=0)) == {"vertex-on-taskmanagers-stays"}
