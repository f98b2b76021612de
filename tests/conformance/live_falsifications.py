"""Falsifies one value of a live cluster's responses at a time; each time, `flinkmock check` must find and name it.

    python -m tests.conformance.live_falsifications http://localhost:8081 --count 150

Each check reads the cluster through its own proxy, which changes one value in each response to one request. Changes
over time, such as a value that runs backwards, are checked with `--watch 45s`. The falsifications are chosen anew
for each batch, because the values of a cluster move on. `--random` chooses random changes of random fields.
Most of the time a check waits for the cluster's caches to expire, so several checks run in parallel.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

from flinkmock.conformance.check import check
from flinkmock.conformance.coherence import success_response
from flinkmock.conformance.coherence.values import SuccessResponse
from flinkmock.conformance.http_client import HttpClient, HttpRequest, HttpResponse
from flinkmock.conformance.report import Report
from flinkmock.contract import Contract
from tests.conformance.falsification_testing import Score, record_server
from tests.conformance.falsifications import Falsification, all_falsifications, parent_of
from tests.conformance.random_falsifications import random_falsifications
from tests.conformance.tampering_proxy import serve_responses

WATCH_MS = 45_000
BATCH = 40
"""How many falsifications are chosen from one recording."""


class Tampering:
    """Forwards requests to a server and applies a falsification to the responses.

    Metrics are listed in any order, so a request for metrics is recognized by its path. Checkpoints drop out of the
    history, so the first checkpoint that is requested stands for the one of the falsification.
    """

    def __init__(self, url: str, contract: Contract, falsification: Falsification) -> None:
        self.applied = 0
        self._client = HttpClient(url)
        self._contract = contract
        self._falsification = falsification
        self._wanted = _parsed(contract, falsification.target, None)
        self._checkpoint: str | None = None
        self._first: SuccessResponse | None = None
        self._lock = threading.Lock()

    def respond(self, target: str) -> HttpResponse:
        with self._lock:
            response = self._client.send(HttpRequest(target))
            if response.status != 200 or not response.content_type.startswith("application/json"):
                return response
            seen = _parsed(self._contract, target, response.body)
            if seen is None or not self._is_meant(seen):
                return response
            return self._changed(response, seen)

    def _changed(self, response: HttpResponse, seen: SuccessResponse) -> HttpResponse:
        falsification = replace(self._falsification, target=seen.target)
        self._first = self._first or seen
        body = falsification.apply(seen, self.applied, replace(self._first, target=seen.target)).body
        self.applied += 1
        return HttpResponse(response.status, response.headers, json.dumps(body, separators=(",", ":")).encode())

    def _is_meant(self, seen: SuccessResponse) -> bool:
        wanted = self._wanted
        if wanted is None or seen.operation_id != wanted.operation_id or set(seen.query) != set(wanted.query):
            return False
        if any(seen.query[key] != values for key, values in wanted.query.items() if key != "get"):
            return False
        ids, wanted_ids = dict(seen.parameters), dict(wanted.parameters)
        checkpoint = ids.pop("checkpointid", None)
        wanted_ids.pop("checkpointid", None)
        if ids != wanted_ids:
            return False
        self._checkpoint = self._checkpoint or checkpoint
        return checkpoint == self._checkpoint

    def close(self) -> None:
        self._client.close()


def _parsed(contract: Contract, target: str, body: Any) -> SuccessResponse | None:
    operation = contract.match("GET", target)
    return None if operation is None else success_response(operation, target, body)


def relative(falsification: Falsification, recorded: Sequence[SuccessResponse]) -> Falsification:
    """Return the same change of a number as a difference, since the number has changed since the recording."""
    if falsification.kind not in ("more", "less", "double", "half"):
        return falsification
    body = next(response.body for response in recorded if response.target == falsification.target)
    parent, key = parent_of(body, falsification.pointer)
    return replace(falsification, kind="add", value=falsification.value - parent[key])


def check_one(
    url: str, flink: str, falsification: Falsification
) -> tuple[Falsification, int, list[tuple[str, str, str]]]:
    """Check the server behind a change; return how often it was applied, and the findings: operation, pointer, text."""
    contract = Contract.load(flink)
    with closing(Tampering(url, contract, falsification)) as tampering, serve_responses(tampering.respond) as address:
        report: Report = check(address, flink=flink, watch_ms=WATCH_MS if falsification.over_time else 0)
    findings = [(finding.operation.id, finding.pointer, str(finding)) for finding in report.findings]
    return falsification, tampering.applied, findings


def names(finding: tuple[str, str, str], falsification: Falsification) -> bool:
    """Whether a finding is about the falsified value, a list around it, or an item of it."""
    operation_id, pointer, _ = finding
    inside = falsification.of_a_list and pointer.startswith(falsification.place)
    return operation_id == falsification.operation_id and (pointer in falsification.places or inside)


def choose(url: str, rng: random.Random, *, at_random: bool) -> tuple[str, list[Falsification]]:
    """Record the server; return its release and falsifications."""
    recorded = record_server(url, 4)
    chosen = random_falsifications(recorded, rng, BATCH) if at_random else all_falsifications(recorded, rng)
    chosen = rng.sample(chosen, min(BATCH, len(chosen)))
    return recorded.contract.release.minor, [relative(each, recorded.passes[0]) for each in chosen]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="a live server")
    parser.add_argument("--count", type=int, default=150, help="how many; default: %(default)s")
    parser.add_argument("--random", action="store_true", help="random changes of random fields")
    parser.add_argument("--seed", default="", help="other choices for another text")
    parser.add_argument("--jobs", type=int, default=4, help="how many checks run in parallel; default: %(default)s")
    args = parser.parse_args()
    rng, score = random.Random(args.seed), Score()
    started_at = time.monotonic()
    with ProcessPoolExecutor(args.jobs, mp_context=get_context("spawn")) as pool:
        while score.played.total() < args.count:
            flink, chosen = choose(args.url, rng, at_random=args.random)
            for future in [pool.submit(check_one, args.url, flink, each) for each in chosen]:
                falsification, applied, findings = future.result()
                if applied < (3 if falsification.kind == "late" else 2 if falsification.over_time else 1):
                    print(f"not applied, and not counted: {falsification}", flush=True)
                    continue
                score.played[falsification.kind] += 1
                if not findings:
                    score.missed.append(str(falsification))
                    print(f"missed: {falsification}", flush=True)
                elif not any(names(finding, falsification) for finding in findings):
                    score.misnamed.append(f"{falsification}: {findings[0]}")
                    print(f"misnamed: {falsification}: {findings[:2]}", flush=True)
            print(f"{score}, after {time.monotonic() - started_at:.0f} s", flush=True)
    return 0 if score.found >= 0.95 and score.named >= 0.9 else 1


if __name__ == "__main__":
    sys.exit(main())
