"""What the requests of a whole test run will feel in an upgrade of Flink (`pytest --flinkmock-compat 2.3`)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from flinkmock.conformance.compat import EFFECTS, READS, ClientRequest, UpgradeImpact, compat
from flinkmock.contract import Contract, known_releases
from flinkmock.journal import Exchange

HEADS = dict(zip(EFFECTS, ("fails", "is ignored", "is answered otherwise, should the client read it"), strict=True))
MOST = 20
"""So many changes of answers are shown; they are likelier not to matter."""


@dataclass
class RequestSample:
    """A kind of request: `target` and `test` are those of the first one, `body` is JSON."""

    flink: str
    method: str
    target: str
    body: Any
    test: str
    times: int = 0


class CompatReport:
    """Collects what tests ask; raises UnknownRelease for a `target` that is none."""

    def __init__(self, target: str) -> None:
        self.target = Contract.load(target).release.minor
        self._asked: dict[str, RequestSample] = {}

    def note(self, test: str, exchanges: Iterable[Exchange]) -> None:
        """What a test has asked. Requests for what its own release does not have are no matter of upgrades."""
        for one in exchanges:
            if one.contract_operation is not None and one.contract is not None:
                self._add(RequestSample(one.contract.release.minor, one.method, one.target, one.body, test, 1))

    def as_json(self) -> list[dict[str, Any]]:
        """For the process that tells of it."""
        return [asdict(asked) for asked in self._asked.values()]

    def add_json(self, told: Iterable[dict[str, Any]]) -> None:
        """What another process has collected."""
        for one in told:
            self._add(RequestSample(**one))

    def told(self) -> str:
        """Lines for people."""
        releases = known_releases()
        served = sorted({asked.flink for asked in self._asked.values()}, key=releases.index)
        earlier = [flink for flink in served if releases.index(flink) < releases.index(self.target)]
        if not earlier:
            return f"No request went to a Flink before {self.target}."
        return "\n".join(line for flink in earlier for line in self._lines(flink))

    def _lines(self, flink: str) -> Iterator[str]:
        asked = [one for one in self._asked.values() if one.flink == flink]
        requests = [ClientRequest(one.method, one.target, one.body, one.times) for one in asked]
        tests = {str(request): one.test for request, one in zip(requests, asked, strict=True)}
        impacts = compat(requests, flink, self.target)
        head = f"Of {sum(request.times for request in requests)} requests to Flink {flink}"
        yield f"{head}:" if impacts else f"{head} none will feel it."
        for effect, group in groupby(impacts, key=lambda impact: impact.effect):
            felt = list(group)
            most = MOST if effect == READS else len(felt)
            yield f"  {HEADS[effect]}:"
            for (where, times, example), parts in groupby(felt[:most], key=_place):
                yield f"    {where} ({f'{times} requests' if times > 1 else 'a request'}, first in {tests[example]})"
                yield from (f"      {impact.what} (since {impact.since})" for impact in parts)
            if len(felt) > most:
                yield f"    … and {len(felt) - most} more"

    def _add(self, asked: RequestSample) -> None:
        operation = Contract.load(asked.flink).match(asked.method, asked.target)
        path = operation.path if operation else asked.target
        query = asked.target.partition("?")[2]
        key = json.dumps([asked.flink, asked.method, path, query, asked.body], sort_keys=True)
        self._asked.setdefault(key, RequestSample(**{**asdict(asked), "times": 0})).times += asked.times


def _place(impact: UpgradeImpact) -> tuple[str, int, str]:
    return impact.where, impact.requests, impact.example
