"""Falsifies one value of a cluster's responses, in one pass or over time; a check must find it and name it.

    python -m tests.conformance.falsification_testing --flink 2.3
    python -m tests.conformance.falsification_testing http://localhost:8081

Every field of every response is falsified in each way that keeps the schema: another number, constant or text, a list
that lacks an item, repeats one or is reversed, a value that stands still or runs backwards. The responses are those of
three passes over a fake cluster, whose clock is virtual, or over a live server. Prints the falsifications that were
missed or misnamed, and the shares that were found and named.
"""

from __future__ import annotations

import argparse
import operator
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial

from flinkmock import FlinkMock
from flinkmock.conformance.coherence import Culprit
from flinkmock.conformance.coherence.values import SuccessResponse
from flinkmock.conformance.http_client import HttpClient
from flinkmock.conformance.report import generalize_pointer
from flinkmock.conformance.server_release import detect_release
from flinkmock.contract import LATEST, Contract
from tests.conformance.falsifications import Falsification, all_falsifications
from tests.conformance.random_falsifications import random_falsifications
from tests.conformance.recorded_passes import RecordedPasses

SCENARIO = {
    "jobs": {
        "running": {"extends": "streaming", "parallelism": 2},
        "finished": "batch",
        "failed": "failing",
    }
}
PASS_TIMES_S = 60, 75, 95
"""The times of the passes, in seconds; for a live server, only their differences matter. Metrics and heartbeats change
between the passes."""


@dataclass
class Score:
    """How many falsifications a check has found and named.

    Attributes:
        counts: How many falsifications of each kind were checked.
        missed: Descriptions of the falsifications that were not found.
        misnamed: Descriptions of the falsifications that were found, but with another value as the culprit.
    """

    counts: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    misnamed: list[str] = field(default_factory=list)

    @property
    def found_share(self) -> float:
        """The share of falsifications that were found, from 0 to 1."""
        return 1 - len(self.missed) / max(1, self.counts.total())

    @property
    def named_share(self) -> float:
        """The share of found falsifications whose value was named, from 0 to 1."""
        found_count = self.counts.total() - len(self.missed)
        return 1 - len(self.misnamed) / max(1, found_count)

    def __str__(self) -> str:
        return (
            f"{self.counts.total()} falsifications, {self.found_share:.1%} found, {self.named_share:.1%} of them named"
        )


def record_fake(release: str, values_per_parameter: int) -> RecordedPasses:
    """Record passes over a fake cluster."""
    recorded = RecordedPasses(Contract.load(release))
    with (
        FlinkMock(SCENARIO, flink=release, clock="virtual", start_time="2026-01-01") as cluster,
        closing(HttpClient(cluster.url)) as client,
    ):
        now_s = 0
        for pass_at_s in PASS_TIMES_S:
            cluster.advance(f"{pass_at_s - now_s}s")
            now_s = pass_at_s
            # the requests are sent 1 ms apart
            recorded.record(client, partial(operator.add, pass_at_s * 1000), values_per_parameter)
    return recorded


def record_server(url: str, values_per_parameter: int) -> RecordedPasses:
    """Record passes over a live server."""
    with closing(HttpClient(url)) as client:
        recorded = RecordedPasses(Contract.load(detect_release(client).minor))
        for index, pass_at_s in enumerate(PASS_TIMES_S):
            if index:
                time.sleep(pass_at_s - PASS_TIMES_S[index - 1])
            recorded.record(client, lambda number: time.monotonic() * 1000, values_per_parameter)
    return recorded


def check_falsifications(recorded: RecordedPasses, falsifications: Iterable[Falsification]) -> Score:
    """Check the passes once for each falsification."""
    score = Score()
    # the state of a live server changes during a pass, so responses contradict each other; a live check would send the
    # requests again, and the new responses would agree
    contradictory_locations = {culprit.value.location for culprit in recorded.find_culprits()}
    first_responses = {response.target: response for response in recorded.passes[0]}
    for falsification in falsifications:

        def change(
            response: SuccessResponse, pass_number: int, falsification: Falsification = falsification
        ) -> SuccessResponse:
            return falsification.apply(response, pass_number, first_responses.get(response.target))

        score.counts[falsification.kind] += 1
        culprits = [
            culprit
            for culprit in recorded.find_culprits(change, None if falsification.is_over_time else [0])
            if culprit.value.location not in contradictory_locations
        ]
        if not culprits:
            score.missed.append(str(falsification))
        elif not any(is_falsified(culprit, falsification) for culprit in culprits):
            texts = "; ".join(_describe(culprit) for culprit in culprits[:3])
            score.misnamed.append(f"{falsification}: {texts}")
    return score


def _describe(culprit: Culprit) -> str:
    ids = sorted({violation.invariant.id for violation in culprit.violations})
    return f"{culprit.value.response.operation_id} {culprit.value.pointer} [{', '.join(ids)}]"


def is_named(falsification: Falsification, operation_id: str, pointer: str) -> bool:
    """Return whether a finding is about the falsified value, or about an item of a falsified list.

    Args:
        falsification: The falsification.
        operation_id: The operation of the finding.
        pointer: The pointer of the finding, with `*` for items.
    """
    is_item = falsification.changes_items and pointer.startswith(falsification.general_pointer)
    return operation_id == falsification.operation_id and (pointer in falsification.general_pointers or is_item)


def is_falsified(culprit: Culprit, falsification: Falsification) -> bool:
    """Return whether a culprit, or the value that may be wrong instead, is the falsified value."""
    return any(
        is_named(falsification, value.response.operation_id, generalize_pointer(value.pointer))
        for value in (culprit.value, *culprit.others[:1])
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?", help="a live server; without it a fake cluster is started")
    parser.add_argument("--flink", default=LATEST, help="the release of the fake; default: %(default)s")
    parser.add_argument("--seed", default="", help="any text; selects the falsifications")
    parser.add_argument(
        "--count", type=int, help="how many falsifications are chosen at random; default: all; with --random: 200"
    )
    parser.add_argument("--random", action="store_true", help="random changes of random fields")
    parser.add_argument("--only", default="", help="only falsifications whose description contains this text")
    parser.add_argument(
        "--values-per-parameter",
        type=int,
        default=4,
        help="how many values of each path parameter are used; default: %(default)s",
    )
    args = parser.parse_args()
    recorded = (
        record_server(args.url, args.values_per_parameter)
        if args.url
        else record_fake(args.flink, args.values_per_parameter)
    )
    if culprits := recorded.find_culprits():
        texts = [culprit.violations[0].relation.text for culprit in culprits]
        print("the unchanged server has findings:", *texts, sep="\n")
    rng = random.Random(args.seed)
    if args.random:
        falsifications = random_falsifications(recorded, rng, args.count or 200)
    else:
        falsifications = all_falsifications(recorded, rng)
        if args.count is not None:
            falsifications = rng.sample(falsifications, min(args.count, len(falsifications)))
    falsifications = [falsification for falsification in falsifications if args.only in str(falsification)]
    score = check_falsifications(recorded, falsifications)
    print("missed:", *sorted(score.missed), sep="\n  ")
    print("misnamed:", *sorted(score.misnamed), sep="\n  ")
    print(score)
    return 0 if score.found_share >= 0.95 and score.named_share >= 0.9 else 1


if __name__ == "__main__":
    sys.exit(main())
