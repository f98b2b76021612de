"""The slots and threads of a TaskManager.

Its details list the allocated slots: always since 1.18, before only with fine-grained resources.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from flinkmock.cluster.spec import VertexSpec
from tests.cluster.cluster_factory import job
from tests.fidelity.recordings import RECORDINGS, load
from tests.rest.handlers.handler_client import HandlerClient

FINE_GRAINED = {"cluster.fine-grained-resource-management.enabled": "true"}


def recorded_slot_count(version: str) -> int:
    """Return how many slots a real TaskManager listed while two of four were allocated."""
    steps = load(RECORDINGS / version / "job-running.json.gz")
    body = next(step for step in steps if step["step"] == "GET /taskmanagers/{tm}")["response"]["body"]
    assert (body["slotsNumber"], body["freeSlots"]) == (4, 2)
    return len(body["allocatedSlots"])


@pytest.mark.parametrize(
    ("release", "configuration", "allocated_count"),
    [
        ("1.18", {}, recorded_slot_count("1.18.1")),
        ("1.17", {}, recorded_slot_count("1.17.2")),
        ("1.17", FINE_GRAINED, 2),
        ("1.13", {}, 0),
    ],
)
def test_details_list_the_allocated_slots_in_releases_that_do(
    release: str, configuration: dict[str, str], allocated_count: int
) -> None:
    with HandlerClient(job(), flink=release, configuration=configuration) as client:
        client.advance("1min")
        (listed,) = client.call("getTaskManagers")["taskmanagers"]
        details = client.call("getTaskManagerDetails", taskmanagerid=listed["id"])
        assert (details["slotsNumber"], details["freeSlots"], len(details["allocatedSlots"])) == (4, 2, allocated_count)


def test_threads_of_tasks_are_in_the_order_in_which_jobs_allocated_slots() -> None:
    names = [f"Source: {index}" for index in range(8)]
    jobs = [replace(job(name=name), vertices=(VertexSpec((name,), 1),)) for name in names]
    with HandlerClient(*jobs, slots_per_taskmanager=8) as client:
        client.advance("1min")
        (listed,) = client.call("getTaskManagers")["taskmanagers"]
        threads = client.call("getTaskManagerThreadDump", taskmanagerid=listed["id"])["threadInfos"]
    thread_names = [thread["threadName"] for thread in threads]
    assert [name for name in thread_names if name.startswith("Source")] == [f"{name} (1/1)#0" for name in names]
