"""The report of `pytest --flinkmock-compat 2.3`: the effects of an upgrade of Flink on the requests of a test run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from flinkmock.conformance.compat import ALREADY_IGNORED, EFFECTS, MAY_READ, ClientRequest, UpgradeImpact, compat
from flinkmock.contract import Contract, known_releases
from flinkmock.journal import Exchange
from flinkmock.tables import counted

HEADING_TEXTS = "fails", "is ignored", "gets another response, if the client reads it", "is ignored already"
HEADINGS = dict(zip(EFFECTS, HEADING_TEXTS, strict=True))
MAX_RESPONSE_CHANGES = 20
"""The maximum number of changed responses in the report. Most do not matter to a client."""


@dataclass
class RequestSample:
    """Requests that differ only in path parameters.

    Attributes:
        flink: The minor release to which they were sent.
        target: The target of the first one.
        body: The parsed JSON body of the first one.
        test: The id of the test that sent the first one.
        times: The number of requests.
    """

    flink: str
    method: str
    target: str
    body: Any
    test: str
    times: int = 0


class CompatReport:
    """Collects the requests of all tests.

    Args:
        target_release: The release to upgrade to.

    Raises:
        UnknownRelease: There is no contract for it.
    """

    def __init__(self, target_release: str) -> None:
        self.target_release = Contract.load(target_release).release.minor
        self._samples: dict[str, RequestSample] = {}

    def add(self, test: str, exchanges: Iterable[Exchange]) -> None:
        """Add the exchanges of a test. Requests that match no operation of their release are omitted."""
        for exchange in exchanges:
            if exchange.contract_operation is not None and exchange.contract is not None:
                self._add(
                    RequestSample(
                        exchange.contract.release.minor, exchange.method, exchange.target, exchange.body, test, 1
                    )
                )

    def as_json(self) -> list[dict[str, Any]]:
        """Return the collected requests, for another process."""
        return [asdict(sample) for sample in self._samples.values()]

    def add_json(self, samples: Iterable[dict[str, Any]]) -> None:
        """Add the requests that another process collected."""
        for sample in samples:
            self._add(RequestSample(**sample))

    def report(self) -> str:
        """Return the report as text."""
        releases = known_releases()
        served_releases = sorted({sample.flink for sample in self._samples.values()}, key=releases.index)
        earlier = [flink for flink in served_releases if releases.index(flink) < releases.index(self.target_release)]
        if not earlier:
            return f"No request was sent to a Flink release before {self.target_release}."
        return "\n".join(line for flink in earlier for line in self._lines(flink))

    def _lines(self, flink: str) -> Iterator[str]:
        samples = [sample for sample in self._samples.values() if sample.flink == flink]
        requests = [ClientRequest(sample.method, sample.target, sample.body, sample.times) for sample in samples]
        tests = {str(request): sample.test for request, sample in zip(requests, samples, strict=True)}
        impacts = compat(requests, flink, self.target_release)
        total = sum(request.times for request in requests)
        count = counted(total, "request")
        yield f"{count} to Flink {flink}:" if impacts else f"{count} to Flink {flink}: nothing changes."
        for effect, group in groupby(impacts, key=lambda impact: impact.effect):
            impacts_of_effect = list(group)
            limit = MAX_RESPONSE_CHANGES if effect == MAY_READ else len(impacts_of_effect)
            yield f"  {HEADINGS[effect]}:"
            for (where, times, example), parts in groupby(impacts_of_effect[:limit], key=_request):
                yield f"    {where} ({counted(times, 'request')}, first in {tests[example]})"
                yield from (f"      {impact.what}{_since(impact)}" for impact in parts)
            if len(impacts_of_effect) > limit:
                yield f"    … and {len(impacts_of_effect) - limit} more"

    def _add(self, sample: RequestSample) -> None:
        operation = Contract.load(sample.flink).match(sample.method, sample.target)
        path = operation.path if operation else sample.target
        query = sample.target.partition("?")[2]
        key = json.dumps([sample.flink, sample.method, path, query, sample.body], sort_keys=True)
        self._samples.setdefault(key, RequestSample(**{**asdict(sample), "times": 0})).times += sample.times


def _since(impact: UpgradeImpact) -> str:
    return "" if impact.effect == ALREADY_IGNORED else f" (since {impact.since})"


def _request(impact: UpgradeImpact) -> tuple[str, int, str]:
    return impact.where, impact.requests, impact.example
