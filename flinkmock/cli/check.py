"""`flinkmock check`: does a live server speak Flink's REST API?"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flinkmock.cli import headers

if TYPE_CHECKING:
    from flinkmock.conformance.check import Check
    from flinkmock.contract import Contract

BAR = 24
FORMATS = ("table", "json", "junit", "markdown", "github")


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "check",
        help="ask a live server everything of the contract and report what deviates",
        description="Asks a live server, real or fake, every GET of the contract that changes nothing, and reports "
        "each deviation of status, headers, content type and body, and each contradiction between answers. "
        "Exit code 0: none; 1: some; 2: the server can't be asked.",
    )
    parser.add_argument("url", help="the server's address, e.g. http://127.0.0.1:8081")
    parser.add_argument(
        "--flink", metavar="RELEASE", help="compare with this release; default: what the server says it is"
    )
    parser.add_argument(
        "--contract",
        metavar="FILE",
        help="compare with a page of Flink's documentation, or its OpenAPI document, taken at its word; "
        "'documented': the pages of 1.12 and 2.x that come with flinkmock",
    )
    parser.add_argument("--write", type=Path, metavar="JAR", help="also what changes something, on jobs of this jar")
    parser.add_argument("--job", metavar="ID", help="also what changes something, on this job; it is cancelled")
    parser.add_argument("--savepoints", metavar="DIR", help="where savepoints go; default: the cluster's directory")
    parser.add_argument("--fuzz", type=number, default=0, metavar="N", help="N generated requests for each operation")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of --fuzz; default: %(default)s")
    parser.add_argument("--format", choices=FORMATS, default="table", help="default: %(default)s")
    parser.add_argument(
        "--baseline", type=Path, metavar="FILE", help="accept what this report (of --format json) tells"
    )
    headers.configure(parser)
    parser.set_defaults(run=run)


def number(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of requests: 20")
    return int(text)


def run(args: argparse.Namespace) -> int:
    from flinkmock.conformance import check
    from flinkmock.conformance.formats import read_baseline, told

    known = read_baseline(args.baseline) if args.baseline else frozenset()
    further = _further(args)
    report = check(
        args.url,
        args.flink,
        contract=_contract(args),
        further=further,
        progress=bar if sys.stderr.isatty() else None,
        headers=dict(args.headers),
    )
    report.accept(known)
    print(told(report, args.format))
    return 0 if report.clean else 1


def _contract(args: argparse.Namespace) -> Contract | None:
    """The documentation's contract, if it was asked for; it has to be told of which release, or the server tells."""
    if args.contract is None:
        return None
    from contextlib import closing

    from flinkmock.conformance.check import told_release
    from flinkmock.conformance.documentation import at_its_word
    from flinkmock.conformance.http_client import HttpClient

    with closing(HttpClient(args.url, dict(args.headers))) as server:
        return at_its_word(args.contract, args.flink or told_release(server))


def _further(args: argparse.Namespace) -> tuple[Callable[[Check], None], ...]:
    from flinkmock.conformance.fuzzing import FuzzChecks
    from flinkmock.conformance.mutating_checks import MutatingChecks

    asked: list[Callable[[Check], None]] = []
    if args.write or args.job:
        asked.append(MutatingChecks(args.write, args.job, args.savepoints))
    if args.fuzz:
        asked.append(FuzzChecks(args.fuzz, args.seed))
    return tuple(asked)


def bar(done: int, of: int, what: str) -> None:
    """One line on standard error that is written over; nothing is left of it in the end."""
    filled = BAR * done // of
    line = f"[{'#' * filled}{' ' * (BAR - filled)}] {done}/{of} {what}" if done < of else ""
    print(f"\r{line[:100]:100}", end="" if line else "\r", file=sys.stderr, flush=True)
