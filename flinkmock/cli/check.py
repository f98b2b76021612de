"""`flinkmock check`: compares a live server with Flink's REST API."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flinkmock.cli import server_access
from flinkmock.cli.arguments import integer, non_negative_int, positive_duration
from flinkmock.cli.signals import sigterm_like_sigint
from flinkmock.cli.terminal import draw_progress_bar, is_terminal
from flinkmock.errors import FlinkMockError

if TYPE_CHECKING:
    from flinkmock.conformance.check import Check
    from flinkmock.conformance.report import Finding
    from flinkmock.contract import Contract

FORMATS = ("table", "json", "junit", "markdown", "github")
"""A copy of `flinkmock.conformance.formats.FORMATS`, which would be slow to import for `--help`."""


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "check",
        help="compare a live server with the contract of a release",
        description="Calls a live server, real or fake: every read-only operation of the contract for which the server "
        "has parameter values, such as job ids. Reports each violation in status, headers, content type and body, and "
        "each contradiction between responses. Exit code 0: no findings; 1: findings; 2: usage error, or the server is "
        "unreachable or gone at the end.",
        examples=(
            "flinkmock check http://flink:8081",
            "flinkmock check http://127.0.0.1:8081 --flink 2.3 --run-jar job.jar",
            "flinkmock check http://flink:8081 --watch 30s",
            "flinkmock check http://flink:8081 --format junit > report.xml",
        ),
    )
    parser.add_argument("url", metavar="URL", help="the server's URL, e.g. http://127.0.0.1:8081")
    parser.add_argument(
        "--flink", metavar="RELEASE", help="compare with this release; default: the release that the server reports"
    )
    parser.add_argument(
        "--contract",
        metavar="FILE",
        help="compare with a page of Flink's documentation, or with an OpenAPI document, instead of flinkmock's "
        "contract; 'documented': the page of the release's own documentation",
    )
    parser.add_argument(
        "--run-jar",
        type=Path,
        metavar="JAR",
        help="also call operations that change the cluster: upload this jar, run jobs of it, change and end them, "
        "delete the jar",
    )
    parser.add_argument(
        "--cancel-job",
        metavar="ID",
        help="also call operations that change a job, on this running job, and then cancel it",
    )
    parser.add_argument(
        "--savepoints",
        metavar="DIR",
        help="with --run-jar or --cancel-job: the directory for savepoints; default: the cluster's",
    )
    parser.add_argument(
        "--fuzz", type=non_negative_int, default=0, metavar="N", help="also send N generated requests to each operation"
    )
    parser.add_argument("--seed", type=integer, default=0, metavar="N", help="the seed of --fuzz; default: %(default)s")
    parser.add_argument(
        "--watch",
        dest="watch_ms",
        type=positive_duration,
        default=0,
        metavar="DURATION",
        help="read the server repeatedly for this long (30s, 5m), and compare each response with earlier ones",
    )
    parser.add_argument(
        "--every",
        dest="every_ms",
        type=positive_duration,
        default=1_000,
        metavar="DURATION",
        help="the pause between two complete reads with --watch; default: 1s",
    )
    parser.add_argument("--format", choices=FORMATS, default="table", help="default: %(default)s")
    parser.add_argument(
        "--baseline", type=Path, metavar="FILE", help="accept the findings of this report (from --format json)"
    )
    server_access.configure(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from flinkmock.conformance import check
    from flinkmock.conformance.formats import format_report, read_baseline

    if args.savepoints and not (args.run_jar or args.cancel_job):
        raise FlinkMockError("--savepoints needs --run-jar or --cancel-job.")
    baseline = read_baseline(args.baseline) if args.baseline else frozenset()
    extra_checks = _extra_checks(args)
    with sigterm_like_sigint():
        report = check(
            args.url,
            args.flink,
            contract=_contract(args),
            extra_checks=extra_checks,
            progress=draw_progress_bar if is_terminal(sys.stderr) else None,
            headers=dict(args.headers),
            watch_ms=args.watch_ms,
            every_ms=args.every_ms,
            on_finding=_print_finding if args.watch_ms else None,
            context=server_access.ssl_context(args),
        )
    report.accept(baseline)
    print(format_report(report, args.format))
    if not report.clean:
        return 1
    return 2 if report.server_gone else 0


def _print_finding(finding: Finding, path: str) -> None:
    """Print a finding to standard error immediately, since a watch may last for hours."""
    print(
        f"{datetime.now(UTC):%H:%M:%S} UTC  {finding.operation.method} {path}  {finding}", file=sys.stderr, flush=True
    )


def _contract(args: argparse.Namespace) -> Contract | None:
    """Return the contract of --contract, for the release of --flink or the one that the server reports."""
    if args.contract is None:
        return None
    from contextlib import closing

    from flinkmock.conformance.documentation import documented_contract
    from flinkmock.conformance.http_client import HttpClient
    from flinkmock.conformance.server_release import detect_release

    with closing(HttpClient(args.url, dict(args.headers), server_access.ssl_context(args))) as client:
        return documented_contract(args.contract, args.flink or detect_release(client).minor)


def _extra_checks(args: argparse.Namespace) -> tuple[Callable[[Check], None], ...]:
    from flinkmock.conformance.fuzzing import FuzzChecks
    from flinkmock.conformance.mutating_checks import MutatingChecks

    checks: list[Callable[[Check], None]] = []
    if args.run_jar or args.cancel_job:
        checks.append(MutatingChecks(args.run_jar, args.cancel_job, args.savepoints))
    if args.fuzz:
        checks.append(FuzzChecks(args.fuzz, args.seed))
    return tuple(checks)
