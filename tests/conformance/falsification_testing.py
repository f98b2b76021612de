"""Falsifies one value of a cluster's responses, at rest or over time; a check must find it and name it.

    python -m tests.conformance.falsification_testing --flink 2.3
    python -m tests.conformance.falsification_testing http://localhost:8081

Every field of every response is falsified in each way that keeps the schema: another number, constant or text, a list
that lacks an item, repeats one or is reversed, a value that stands still or runs backwards. The responses are those of
three passes over a fake cluster, whose clock is virtual, or over a real one. Prints what was missed, and the shares
that were found and named.
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
PASSES_AT_S = 60, 75, 95
"""Times of the passes: metrics and heartbeats change in between."""


@dataclass
class Score:
    """`missed` and `misnamed` are lines about falsifications; `played` counts them by kind."""

    played: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    misnamed: list[str] = field(default_factory=list)

    @property
    def found(self) -> float:
        """The share that was found."""
        return 1 - len(self.missed) / max(1, self.played.total())

    @property
    def named(self) -> float:
        """The share of those found that were named."""
        found_count = self.played.total() - len(self.missed)
        return 1 - len(self.misnamed) / max(1, found_count)

    def __str__(self) -> str:
        return f"{self.played.total()} falsifications, {self.found:.1%} found, {self.named:.1%} of them named"


def record_fake(flink: str, limit: int) -> RecordedPasses:
    """Record passes over a fake cluster."""
    recorded = RecordedPasses(Contract.load(flink))
    with FlinkMock(SCENARIO, flink=flink, clock="virtual") as cluster, closing(HttpClient(cluster.url)) as client:
        at = 0
        for seconds in PASSES_AT_S:
            cluster.advance(f"{seconds - at}s")
            at = seconds
            recorded.record(client, partial(operator.add, seconds * 1000), limit)
    return recorded


def record_server(url: str, limit: int) -> RecordedPasses:
    """Record passes over a live server."""
    with closing(HttpClient(url)) as client:
        recorded = RecordedPasses(Contract.load(detect_release(client).minor))
        for number in range(len(PASSES_AT_S)):
            if number:
                time.sleep(PASSES_AT_S[number] - PASSES_AT_S[number - 1])
            recorded.record(client, lambda number: time.monotonic() * 1000, limit)
    return recorded


def play(recorded: RecordedPasses, falsifications: Iterable[Falsification]) -> Score:
    """Judge the passes once for each falsification."""
    score = Score()
    known = {
        _key(culprit) for culprit in recorded.find_culprits()
    }  # races of a real cluster: recorded responses can't settle
    first = {response.target: response for response in recorded.passes[0]}
    for falsification in falsifications:

        def change(
            response: SuccessResponse, number: int, falsification: Falsification = falsification
        ) -> SuccessResponse:
            return falsification.apply(response, number, first.get(response.target))

        score.played[falsification.kind] += 1
        found = [
            culprit
            for culprit in recorded.find_culprits(change, None if falsification.over_time else [0])
            if _key(culprit) not in known
        ]
        if not found:
            score.missed.append(str(falsification))
        elif not any(names(culprit, falsification) for culprit in found):
            texts = [
                f"{culprit.value.response.operation_id} {culprit.value.pointer} "
                f"[{', '.join(sorted({v.invariant.id for v in culprit.violations}))}]"
                for culprit in found[:3]
            ]
            score.misnamed.append(f"{falsification}: {'; '.join(texts)}")
    return score


def _key(culprit: Culprit) -> tuple[str, str]:
    return culprit.value.response.target, culprit.value.pointer


def names(culprit: Culprit, falsification: Falsification) -> bool:
    """Whether a culprit is the falsified value, a list around it, or an item of it."""
    for value in (culprit.value, *culprit.others[:1]):
        pointer = generalize_pointer(value.pointer)
        if value.response.operation_id == falsification.operation_id and (
            pointer in falsification.places or (falsification.of_a_list and pointer.startswith(falsification.place))
        ):
            return True
    return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?", help="a live server; without it a fake cluster is started")
    parser.add_argument("--flink", default=LATEST, help="of the fake; default: %(default)s")
    parser.add_argument("--seed", default="", help="other values for another text")
    parser.add_argument("--count", type=int, help="only so many, chosen at random")
    parser.add_argument("--random", action="store_true", help="random changes of random fields; --count: 200")
    parser.add_argument("--only", default="", help="only those whose operation and pointer contain this text")
    parser.add_argument("--limit", type=int, default=4, help="values per path parameter; default: %(default)s")
    args = parser.parse_args()
    recorded = record_server(args.url, args.limit) if args.url else record_fake(args.flink, args.limit)
    if clean := recorded.find_culprits():
        print(
            "the unchanged server has findings:",
            *(str(culprit.violations[0].relation.text) for culprit in clean),
            sep="\n",
        )
    rng = random.Random(args.seed)
    if args.random:
        falsifications = random_falsifications(recorded, rng, args.count or 200)
    else:
        falsifications = all_falsifications(recorded, rng)
        if args.count is not None:
            falsifications = rng.sample(falsifications, min(args.count, len(falsifications)))
    falsifications = [falsification for falsification in falsifications if args.only in str(falsification)]
    score = play(recorded, falsifications)
    print("missed:", *sorted(score.missed), sep="\n  ")
    print("misnamed:", *sorted(score.misnamed), sep="\n  ")
    print(score)
    return 0 if score.found >= 0.95 and score.named >= 0.9 else 1


if __name__ == "__main__":
    sys.exit(main())
