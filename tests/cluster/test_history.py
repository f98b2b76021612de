"""The cluster as of a while ago: what it answers is, to the byte, what it answered then."""

from __future__ import annotations

from typing import Any

import pytest

from flinkmock import Engine, load_scenario
from flinkmock.cluster.errors import ClusterError, NoLeader
from flinkmock.cluster.history import cluster_at
from flinkmock.conformance.check import UNSAFE
from flinkmock.conformance.targets import Targets
from flinkmock.rest.handlers import FileContent
from flinkmock.testing.inside import URL, Inside, NotRegistered

EVENTFUL = """
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


class TourClient(Inside):
    def json(self, target: str) -> Any:
        """For `Targets`."""
        try:
            return self.ask("GET", target)
        except (NotRegistered, ClusterError):
            return {}

    def paths(self) -> list[str]:
        targets, contract = Targets(self, 1), self.engine.contract
        gets = [operation for operation in contract if operation.method == "GET" and operation.id not in UNSAFE]
        return [path for operation in gets for path in targets.paths(operation)]

    def answers(self, paths: list[str], ago: int = 0) -> dict[str, bytes | str]:
        found: dict[str, bytes | str] = {}
        for target in paths:
            try:
                operation, path, query = self._read("GET", target)
                answer = self.engine.handle(operation, path=path, query=query, body={}, base_url=URL, ago=ago)
            except (NotRegistered, ClusterError) as refusal:
                found[target] = repr(refusal)
            else:
                found[target] = answer.data if isinstance(answer, FileContent) else answer
        return found


@pytest.mark.parametrize("flink", ["1.12", "2.3"])
def test_each_answer_is_given_again(flink: str) -> None:
    engine = Engine(load_scenario(EVENTFUL), flink=flink, clock="virtual")
    asker = TourClient(engine)
    given = {}
    for length in (4_000, 5_500, 7_000, 6_000, 9_500, 8_000):  # the fifth is in the time without a leader
        now = engine.advance(length)
        given[now] = asker.answers(asker.paths() if engine.cluster.leadership.leader else ["/overview"])
    now = engine.advance(15_000)
    for then, answers in given.items():
        again = asker.answers(list(answers), now - then)
        assert [path for path in answers if answers[path] != again[path]] == []
    engine.close()


def test_nobody_led_then() -> None:
    engine = Engine(load_scenario(EVENTFUL), clock="virtual")
    engine.advance(32_000)
    assert cluster_at(engine.cluster, engine.clock.now()) is None
    engine.advance(5_000)
    with pytest.raises(NoLeader):
        operation, path, query = Inside(engine)._read("GET", "/overview")
        engine.handle(operation, path=path, query=query, body={}, base_url=URL, ago=5_000)
    before = cluster_at(engine.cluster, engine.clock.now() - 10_000)
    assert before is not None
    assert len(before.jobs) == 4
    engine.close()
