"""The details of a TaskManager list its allocated slots: always since 1.18, before only with fine-grained resources."""

from __future__ import annotations

import pytest

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
