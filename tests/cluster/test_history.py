"""Views of the cluster at an earlier time, which give the same responses as the cluster at that time."""

from __future__ import annotations

from typing import Any

import pytest

from flinkmock import Engine, load_scenario
from flinkmock.cluster.errors import ClusterError, NoLeader
from flinkmock.cluster.history import cluster_at
from flinkmock.conformance.targets import Targets
from flinkmock.contract.operation_traits import only_reads
from flinkmock.rest.in_process import InProcessClient, OperationNotFound
from flinkmock.rest.response import Response

EVENTFUL_SCENARIO = """
cluster:
  slots: 4
  taskmanagers: {count: 2, events: [{9s: lost}, {13s: joins}]}
  jobmanagers: {count: 2, events: [{31s: {crashes: 3s}}]}
jobs:
  streaming: {extends: streaming, checkpoints: {every: 3s, duration: 100ms..900ms, fails: [2]}}
  batch: {extends: batch, parallelism: 2}
  failing: failing
  restarting: {extends: restarting, parallelism: 2}
"""


class HistoryClient:
    """Requests responses of a cluster as of an earlier time."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._client = InProcessClient(engine)

    def json(self, target: str) -> Any:
        """Return the JSON of a response; {} if it is an error. `Targets` needs this method."""
        try:
            return self._client.json("GET", target)
        except (OperationNotFound, ClusterError):
            return {}

    def paths(self) -> list[str]:
        """Return the paths of all reads that the cluster can answer."""
        targets, contract = Targets(self, 1), self.engine.contract
        reads = [operation for operation in contract if only_reads(operation)]
        return [path for operation in reads for path in targets.paths(operation)]

    def responses(self, paths: list[str], staleness_ms: int = 0) -> dict[str, bytes | str]:
        """Return the body of each response, or the error, as of `staleness_ms` ago, by path."""
        bodies: dict[str, bytes | str] = {}
        for path in paths:
            try:
                bodies[path] = self.respond(path, staleness_ms).body
            except ClusterError as error:
                bodies[path] = repr(error)
        return bodies

    def respond(self, target: str, staleness_ms: int) -> Response:
        request = self._client.create_request("GET", target)
        request.staleness_ms = staleness_ms
        return self._client.api.respond(request)


@pytest.mark.parametrize("release", ["1.12", "2.3"])
def test_each_earlier_response_is_reproduced(release: str) -> None:
    engine = Engine(load_scenario(EVENTFUL_SCENARIO), flink=release, clock="virtual")
    client = HistoryClient(engine)
    responses_at = {}
    for duration in (4_000, 5_500, 7_000, 6_000, 9_500, 8_000):  # after the fifth duration, there is no leader
        now = engine.advance(duration)
        responses_at[now] = client.responses(client.paths() if engine.cluster.leadership.leader else ["/overview"])
    now = engine.advance(15_000)
    for time, responses in responses_at.items():
        later_responses = client.responses(list(responses), now - time)
        assert [path for path in responses if responses[path] != later_responses[path]] == []
    engine.close()


def test_there_is_no_view_of_a_time_without_a_leader() -> None:
    engine = Engine(load_scenario(EVENTFUL_SCENARIO), clock="virtual")
    engine.advance(32_000)
    assert cluster_at(engine.cluster, engine.clock.now()) is None
    engine.advance(5_000)
    with pytest.raises(NoLeader):
        HistoryClient(engine).respond("/overview", 5_000)
    view = cluster_at(engine.cluster, engine.clock.now() - 10_000)
    assert view is not None
    assert len(view.jobs) == 4
    engine.close()
