"""Checks a live cluster many times, each time with one falsified value, which `flinkmock check` must find and name.

    python -m tests.conformance.live_falsifications http://localhost:8081 --count 150

Each check reads the cluster through its own proxy, which changes one value in each response to one request. Changes
over time, such as a value that runs backwards, are checked with `--watch 45s`. The cluster is recorded again for each
batch of falsifications, because its values change. `--random` chooses random changes of random fields.
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
from typing import Any, NamedTuple

from flinkmock.conformance.check import check
from flinkmock.conformance.coherence import success_response
from flinkmock.conformance.coherence.values import SuccessResponse
from flinkmock.conformance.http_client import HttpClient, HttpRequest, HttpResponse
from flinkmock.conformance.report import Report
from flinkmock.contract import Contract
from tests.conformance.falsification_testing import Score, is_named, record_server
from tests.conformance.falsifications import Falsification, all_falsifications, parent_of
from tests.conformance.random_falsifications import random_falsifications
from tests.conformance.tampering_proxy import serve_responses

WATCH_MS = 45_000
"""How long a check watches the cluster for changes over time."""
BATCH_SIZE = 40
"""How many falsifications are chosen from one recording."""


class ReportedFinding(NamedTuple):
    """The parts of a finding that the process of a check returns."""

    operation_id: str
    pointer: str
    text: str


class FalsifiedCheck(NamedTuple):
    """A check of falsified responses.

    Attributes:
        falsification: The falsification.
        changed_count: How many responses it changed.
        findings: What the check reported.
    """

    falsification: Falsification
    changed_count: int
    findings: list[ReportedFinding]


class FalsifyingProxy:
    """Forwards requests to a server and applies a falsification to the responses.

    Metrics are listed in any order, so the requested metrics may differ from those of the falsification's target.
    Checkpoints drop out of the history, so the falsification applies to the first checkpoint that is requested.

    Attributes:
        changed_count: How many responses were changed.
    """

    def __init__(self, url: str, contract: Contract, falsification: Falsification) -> None:
        self.changed_count = 0
        self._client = HttpClient(url)
        self._contract = contract
        self._falsification = falsification
        # a response without a body, which has the operation and the parameters of the request
        self._falsified_request = _success_response(contract, falsification.target, None)
        self._checkpoint_id: str | None = None
        self._first_response: SuccessResponse | None = None
        self._lock = threading.Lock()

    def respond(self, target: str) -> HttpResponse:
        with self._lock:
            response = self._client.send(HttpRequest(target))
            if response.status != 200 or not response.content_type.startswith("application/json"):
                return response
            success = _success_response(self._contract, target, response.body)
            if success is None or not self._applies_to(success):
                return response
            return self._change(response, success)

    def _change(self, response: HttpResponse, success: SuccessResponse) -> HttpResponse:
        """Return a response with the falsified value."""
        falsification = replace(self._falsification, target=success.target)
        self._first_response = self._first_response or success
        # a pass requests the target once, so the number of changed responses is the number of the pass
        body = falsification.apply(
            success, self.changed_count, replace(self._first_response, target=success.target)
        ).body
        self.changed_count += 1
        return HttpResponse(response.status, response.headers, json.dumps(body, separators=(",", ":")).encode())

    def _applies_to(self, success: SuccessResponse) -> bool:
        """Return whether the falsification applies to a response; remember the first checkpoint."""
        falsified = self._falsified_request
        if falsified is None or success.operation_id != falsified.operation_id:
            return False
        if set(success.query) != set(falsified.query):
            return False
        if any(success.query[key] != values for key, values in falsified.query.items() if key != "get"):
            return False
        ids, falsified_ids = dict(success.parameters), dict(falsified.parameters)
        checkpoint_id = ids.pop("checkpointid", None)
        falsified_ids.pop("checkpointid", None)
        if ids != falsified_ids:
            return False
        self._checkpoint_id = self._checkpoint_id or checkpoint_id
        return checkpoint_id == self._checkpoint_id

    def close(self) -> None:
        self._client.close()


def _success_response(contract: Contract, target: str, body: Any) -> SuccessResponse | None:
    operation = contract.match("GET", target)
    return None if operation is None else success_response(operation, target, body)


def with_relative_argument(falsification: Falsification, recorded: Sequence[SuccessResponse]) -> Falsification:
    """Return a falsification that adds to a number instead of setting it; return other falsifications unchanged.

    The number has changed since the recording.
    """
    if falsification.kind not in ("more", "less", "double", "half"):
        return falsification
    body = next(response.body for response in recorded if response.target == falsification.target)
    parent, key = parent_of(body, falsification.pointer)
    return replace(falsification, kind="add", argument=falsification.argument - parent[key])


def check_falsified(url: str, release: str, falsification: Falsification) -> FalsifiedCheck:
    """Check a server whose responses are falsified."""
    contract = Contract.load(release)
    with closing(FalsifyingProxy(url, contract, falsification)) as proxy, serve_responses(proxy.respond) as proxy_url:
        report: Report = check(proxy_url, flink=release, watch_ms=WATCH_MS if falsification.is_over_time else 0)
    findings = [ReportedFinding(finding.operation.id, finding.pointer, str(finding)) for finding in report.findings]
    return FalsifiedCheck(falsification, proxy.changed_count, findings)


def choose_falsifications(url: str, rng: random.Random, *, at_random: bool) -> tuple[str, list[Falsification]]:
    """Record a server; return its release and falsifications."""
    recorded = record_server(url, 4)
    if at_random:
        falsifications = random_falsifications(recorded, rng, BATCH_SIZE)
    else:
        falsifications = all_falsifications(recorded, rng)
    falsifications = rng.sample(falsifications, min(BATCH_SIZE, len(falsifications)))
    relative_falsifications = [
        with_relative_argument(falsification, recorded.passes[0]) for falsification in falsifications
    ]
    return recorded.contract.release.minor, relative_falsifications


def min_changed_count(falsification: Falsification) -> int:
    """Return how many responses a falsification has to change before a check can find it."""
    if falsification.kind == "late":
        return 3
    return 2 if falsification.is_over_time else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="a live server")
    parser.add_argument("--count", type=int, default=150, help="the number of falsifications; default: %(default)s")
    parser.add_argument("--random", action="store_true", help="random changes of random fields")
    parser.add_argument("--seed", default="", help="any text; selects the falsifications")
    parser.add_argument("--jobs", type=int, default=4, help="how many checks run in parallel; default: %(default)s")
    args = parser.parse_args()
    rng, score = random.Random(args.seed), Score()
    started_at = time.monotonic()
    with ProcessPoolExecutor(args.jobs, mp_context=get_context("spawn")) as pool:
        while score.counts.total() < args.count:
            release, falsifications = choose_falsifications(args.url, rng, at_random=args.random)
            futures = [
                pool.submit(check_falsified, args.url, release, falsification) for falsification in falsifications
            ]
            for future in futures:
                falsification, changed_count, findings = future.result()
                if changed_count < min_changed_count(falsification):
                    print(f"not applied, and not counted: {falsification}", flush=True)
                    continue
                score.counts[falsification.kind] += 1
                if not findings:
                    score.missed.append(str(falsification))
                    print(f"missed: {falsification}", flush=True)
                elif not any(is_named(falsification, finding.operation_id, finding.pointer) for finding in findings):
                    score.misnamed.append(f"{falsification}: {findings[0]}")
                    print(f"misnamed: {falsification}: {findings[:2]}", flush=True)
            print(f"{score}, after {time.monotonic() - started_at:.0f} s", flush=True)
    return 0 if score.found_share >= 0.95 and score.named_share >= 0.9 else 1


if __name__ == "__main__":
    sys.exit(main())
