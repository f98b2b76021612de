"""Checks a cluster many times, each time with one change in one response; each check must report the change.

    python -m tests.conformance.mutation_testing 500 --flink 2.3

runs 500 rounds and prints how many changes were reported correctly. Each round is a complete check through an HTTP
server that makes one change. The rounds take about ten minutes. The exit code is 0 if at least 99 % were reported.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from flinkmock import FlinkMock
from flinkmock.conformance.check import Check
from flinkmock.conformance.http_client import Client, HttpClient, HttpRequest, HttpResponse
from flinkmock.conformance.report import Report
from flinkmock.conformance.targets import VALUES_PER_PARAMETER
from flinkmock.contract import LATEST, Contract, Operation
from tests.conformance.cached_client import CachedClient
from tests.conformance.mutations import mutate
from tests.conformance.tampering_proxy import serve_responses

SCENARIO = {"jobs": {"running": "streaming", "finished": "batch", "failed": "failing"}}


@dataclass
class MutationScore:
    """How many changes were reported correctly.

    Attributes:
        kind_counts: How often each kind of change was made.
        missed: The target, the change and the findings of each change that was not reported correctly.
    """

    kind_counts: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)


def run_rounds(
    release: str,
    count: int,
    seed: str,
    responses: dict[str, HttpResponse],
    check: Callable[[dict[str, HttpResponse]], Report],
) -> MutationScore:
    """Check a server with one changed response, many times.

    Args:
        release: The release of the server.
        count: How many changes are made.
        seed: Selects the changes.
        responses: The unchanged responses by target, which `check` fills.
        check: Checks the server with the changed responses that it gets, by target.

    Raises:
        AssertionError: The unchanged server has findings.
    """
    contract, rng, score = Contract.load(release), random.Random(f"{seed}mutations of {release}"), MutationScore()
    unchanged_report = check({})
    assert unchanged_report.clean, unchanged_report.table()
    candidates = list(json_targets(contract, responses))
    while score.kind_counts.total() < count:
        target, operation = rng.choice(candidates)
        mutation = mutate(rng, contract, operation, responses[target])
        if mutation is None:
            continue
        score.kind_counts[mutation.description.split()[0]] += 1  # its first word is the kind
        findings = check({target: mutation.response}).findings
        if not any(map(mutation.matches, findings)):
            score.missed.append(f"{target}: {[mutation.description, *map(str, findings)]}")
    return score


def run_from_cache(
    release: str, count: int, seed: str = "", *, values_per_parameter: int = VALUES_PER_PARAMETER
) -> MutationScore:
    """Run rounds in which each target is requested from the cluster once; later checks use the stored responses."""
    responses: dict[str, HttpResponse] = {}
    with cluster_with_jobs(release) as client:

        def check(changed: dict[str, HttpResponse]) -> Report:
            return run_check(CachedClient(client, responses, changed), release, values_per_parameter)

        return run_rounds(release, count, seed, responses, check)


def run_over_http(
    release: str,
    count: int,
    seed: str = "",
    *,
    values_per_parameter: int = VALUES_PER_PARAMETER,
    cache_responses: bool = False,
) -> MutationScore:
    """Run rounds with a proxy between the cluster and each check.

    Args:
        release: The release of the cluster.
        count: How many changes are made.
        seed: Selects the changes.
        values_per_parameter: How many values of each path parameter are used.
        cache_responses: Whether each target is requested from the cluster only once.
    """
    responses: dict[str, HttpResponse] = {}
    changed_responses: dict[str, HttpResponse] = {}

    def respond(target: str) -> HttpResponse:
        if not cache_responses or target not in responses:
            responses[target] = client.send(HttpRequest(target))
        return changed_responses.get(target, responses[target])

    def check(changed: dict[str, HttpResponse]) -> Report:
        changed_responses.clear()
        changed_responses.update(changed)
        with closing(HttpClient(url)) as proxy_client:
            return run_check(proxy_client, release, values_per_parameter)

    with cluster_with_jobs(release) as client, serve_responses(respond) as url:
        return run_rounds(release, count, seed, responses, check)


def run_check(client: Client, release: str, values_per_parameter: int) -> Report:
    # the clock of the cluster stands still, so waiting would change nothing
    return Check(client, Contract.load(release), wait=lambda ms: None, values_per_parameter=values_per_parameter).run()


@contextmanager
def cluster_with_jobs(release: str) -> Iterator[HttpClient]:
    """Yield a client of a cluster that has a running, a finished and a failed job, and a clock that stands still."""
    with FlinkMock(SCENARIO, flink=release, clock="virtual") as cluster:
        cluster.advance("60s")
        with closing(HttpClient(cluster.url)) as client:
            yield client


def json_targets(contract: Contract, responses: dict[str, HttpResponse]) -> Iterator[tuple[str, Operation]]:
    """Yield the targets with JSON success responses."""
    for target, response in sorted(responses.items()):
        operation = contract.match("GET", target)
        if operation and response.status == operation.status and not operation.returns_file:
            yield target, operation


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "rounds", type=int, nargs="?", default=500, help="how many changes are made; default: %(default)s"
    )
    parser.add_argument("--flink", default=LATEST, help="the release of the cluster; default: %(default)s")
    parser.add_argument("--seed", default="", help="any text; selects which changes are made")
    args = parser.parse_args()
    score = run_over_http(args.flink, args.rounds, args.seed)
    print(", ".join(f"{kind} {count}" for kind, count in score.kind_counts.most_common()))
    print("\n".join(score.missed), end="\n" * bool(score.missed))
    share = 1 - len(score.missed) / args.rounds
    print(f"{args.rounds - len(score.missed)} of {args.rounds} reported correctly: {share:.1%}")
    return 0 if share >= 0.99 else 1


if __name__ == "__main__":
    sys.exit(main())
