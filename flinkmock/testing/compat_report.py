"""The report of `pytest --flinkmock-compat 2.3`: the effects of an upgrade of Flink on the requests of a test run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
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
        release: The minor release to which they were sent.
        target: The target of the first one.
        body: The parsed JSON body of the first one.
        test: The id of the test that sent the first one.
        request_count: The number of requests.
    """

    release: str
    method: str
    target: str
    body: Any
    test: str
    request_count: int = 0


class CompatReport:
    """Collects the requests of all tests.

    Args:
        target_release: The release to upgrade to.

    Raises:
        UnknownRelease: There is no contract for `target_release`.
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
        target_index = releases.index(self.target_release)
        served_releases = sorted({sample.release for sample in self._samples.values()}, key=releases.index)
        earlier = [release for release in served_releases if releases.index(release) < target_index]
        if not earlier:
            return f"No request was sent to a Flink release before {self.target_release}."
        return "\n".join(line for release in earlier for line in self._lines(release))

    def _lines(self, release: str) -> Iterator[str]:
        """Yield the lines about the requests to a release."""
        samples = [sample for sample in self._samples.values() if sample.release == release]
        requests = [
            ClientRequest(sample.method, sample.target, sample.body, sample.request_count) for sample in samples
        ]
        test_by_request = {str(request): sample.test for request, sample in zip(requests, samples, strict=True)}
        impacts = compat(requests, release, self.target_release)
        count = counted(sum(sample.request_count for sample in samples), "request")
        yield f"{count} to Flink {release}:" if impacts else f"{count} to Flink {release}: nothing changes."
        for effect, group in groupby(impacts, key=lambda impact: impact.effect):
            impacts_of_effect = list(group)
            limit = MAX_RESPONSE_CHANGES if effect == MAY_READ else len(impacts_of_effect)
            yield f"  {HEADINGS[effect]}:"
            for (where, request_count, example), parts in groupby(impacts_of_effect[:limit], key=_request_key):
                yield f"    {where} ({counted(request_count, 'request')}, first in {test_by_request[example]})"
                yield from (f"      {impact.what}{_since(impact)}" for impact in parts)
            if len(impacts_of_effect) > limit:
                yield f"    … and {len(impacts_of_effect) - limit} more"

    def _add(self, sample: RequestSample) -> None:
        operation = Contract.load(sample.release).match(sample.method, sample.target)
        path = operation.path if operation else sample.target
        query = sample.target.partition("?")[2]
        key = json.dumps([sample.release, sample.method, path, query, sample.body], sort_keys=True)
        collected = self._samples.setdefault(key, replace(sample, request_count=0))
        collected.request_count += sample.request_count


def _since(impact: UpgradeImpact) -> str:
    return "" if impact.effect == ALREADY_IGNORED else f" (since {impact.since})"


def _request_key(impact: UpgradeImpact) -> tuple[str, int, str]:
    return impact.where, impact.request_count, impact.example
