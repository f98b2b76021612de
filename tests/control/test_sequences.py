"""Random requests, most of them valid, get documented responses, and no internal error."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from multidict import CIMultiDict

from flinkmock.control import clock
from flinkmock.control.api import API_PREFIX, ControlApi, ControlRequest, all_operations
from flinkmock.control.cluster_control import ClusterControl
from flinkmock.control.host import HostedCluster
from flinkmock.control.openapi import openapi_document
from flinkmock.control.rejection import RequestRejected
from flinkmock.errors import NotFound

T = TypeVar("T")
SCENARIO = """
clock: virtual
cluster: {taskmanagers: 2, jobmanagers: 2, config: {high-availability.type: zookeeper}}
jobs:
  orders: {lifecycle: [{RUNNING: 20s}, {RESTARTING: 5s}, {RUNNING: signal go}, FINISHED]}
  loop: restarting
faults: [{name: lost, match: GET /jobs, drop: reset}]
expect: [{"POST /jobs/:jobid/stop": once}, {unmatched: never}]
"""


class NoClusters:
    """`HostedClusters` without clusters."""

    async def create(self, control: ClusterControl, idle_timeout: float | None) -> HostedCluster:
        raise RequestRejected(409, "TooManyClusters", "There is no server here.")

    async def delete(self, cluster_id: str) -> None:
        self.get(cluster_id)

    def get(self, cluster_id: str) -> HostedCluster:
        raise NotFound(f'There is no cluster "{cluster_id}".')

    def __iter__(self) -> Iterator[HostedCluster]:
        return iter(())

    def __len__(self) -> int:
        return 0


class HostWithoutServer:
    """A `ControlHost` without a server: a condition is met immediately, or never."""

    urls: Sequence[str] = ("http://127.0.0.1:8081",)
    clusters = NoClusters()

    async def wait_for(self, condition: Callable[[], T | None], timeout: float) -> T | None:
        return condition()

    async def handle_other_requests(self) -> None:
        await asyncio.sleep(0)


jobs = st.sampled_from(["orders", "loop", "report", "nothing"])
states = st.sampled_from(["RUNNING", "FINISHED", "FAILED", "CANCELED", "RESTARTING", "SUSPENDED", "NOTHING"])
durations = st.sampled_from(["0s", "1ms", "7s", "1h", "2h30m"])
matches = st.sampled_from(["GET /jobs", "POST /jobs/:jobid/stop", "* /jobs/*", "jobs"])
scenarios = st.sampled_from(
    ["", SCENARIO, "jobs: {report: batch}", "jobs: {report: batsh}", "flaky-jobmanager.yaml", "["]
)


def json_objects(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    """Return a strategy for JSON objects with some of these fields."""
    return st.fixed_dictionaries({}, optional=fields).map(json.dumps)


exceptions = st.fixed_dictionaries(
    {"class": st.sampled_from(["a.B", "java.io.IOException"])}, optional={"message": st.text()}
)
faults = st.sampled_from(
    [
        {"match": "GET /jobs", "delay": "1s"},
        {"name": "lost", "drop": "hang"},
        {"leader-failover": "1s"},
        {"drop": "no"},
    ]
)
BODIES: dict[str, st.SearchStrategy[str]] = {
    "advanceClock": json_objects(by=durations),
    "runClockUntil": json_objects(job=jobs, state=states),
    "setClockMode": json_objects(mode=st.sampled_from(["virtual", "1s per request", "10x", "real", "no"])),
    "submitJob": json_objects(
        name=jobs, template=st.sampled_from(["batch", "failing", "none"]), parallelism=st.integers(0, 9)
    ),
    "failJob": json_objects(exception=exceptions, vertex=st.sampled_from(["map", "none"])),
    "waitForJob": json_objects(state=states, timeout=durations),
    "loseTaskmanager": json_objects(id=st.sampled_from(["none"])),
    "crashLeader": json_objects(**{"for": durations}),
    "addFaults": (faults | st.lists(faults, max_size=3)).map(json.dumps),
    "waitForRequests": json_objects(match=matches, times=st.integers(0, 2), timeout=durations),
    "expectRequests": json_objects(match=matches, times=st.sampled_from([0, "once", "1..2 times", "often"])),
    "expectRequestsInOrder": json_objects(matches=st.lists(matches, max_size=2)),
    "replaceScenario": scenarios,
    "checkScenario": scenarios,
    "openCluster": scenarios,
}
PARAMETERS = {
    "{job}": jobs,
    "{name}": st.sampled_from(["go", "lost", "x"]),
    "{id}": st.sampled_from(["s1", "s2", "c1"]),
}


@st.composite
def requests(draw: st.DrawFn) -> ControlRequest:
    """A request to one of the operations; most requests are valid."""
    operation = draw(st.sampled_from(all_operations()))
    path = operation.path
    for parameter, values in PARAMETERS.items():
        if parameter in path:
            path = path.replace(parameter, draw(values))
    query = f"?match={draw(matches)}" if operation.id == "listRequests" else ""
    content = draw(BODIES.get(operation.id, st.just("")))
    return ControlRequest(operation.method, API_PREFIX + path + query, CIMultiDict(Host="localhost"), content.encode())


@given(st.lists(requests(), max_size=12))
def test_every_response_is_documented(control_requests: list[ControlRequest]) -> None:
    # shortens requests that run the clock until a state that is never reached
    with mock.patch.object(clock, "MAX_EVENTS", 20):
        asyncio.run(_send_all(control_requests))


async def _send_all(control_requests: list[ControlRequest]) -> None:
    """Send requests; check that the OpenAPI document describes each response."""
    control = ClusterControl(SCENARIO)
    control.open_engine()
    api = ControlApi(control)
    for request in control_requests:
        response = await api.respond(request, HostWithoutServer())
        [(operation_id, status)] = api.response_counts
        api.response_counts.clear()
        assert status == response.status < 500, response.body
        [operation_document] = [
            methods[request.method.lower()]
            for methods in openapi_document()["paths"].values()
            if methods.get(request.method.lower(), {}).get("operationId") == operation_id
        ]
        content = operation_document["responses"][str(status)].get("content")
        if content is None:
            assert response.body == b""
        elif response.content_type == "application/json":
            schema = {**content["application/json"]["schema"], "components": openapi_document()["components"]}
            Draft202012Validator(schema).validate(json.loads(response.body))
    control.close_engine()
