"""`flinkmock compat`: reports the effects of an upgrade of Flink on a client."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flinkmock.conformance.compat import ClientRequest

MAX_EXAMPLES = 3
"""The maximum number of requests in a message."""


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "compat",
        help="report what an upgrade of Flink changes for a client's requests",
        description="Reads the requests of a client (a journal as JSON lines, or a HAR file). Reports which requests "
        "fail after the upgrade, which parts of them Flink ignores before or after it, and what changes in the "
        "responses, each with the release that introduces it. Exit code 0: the upgrade breaks no request; 1: it "
        "makes a request fail, or makes Flink ignore a part of one; 2: usage error, or no request to Flink.",
        examples=("flinkmock compat requests.jsonl --from 1.20 --to 2.3",),
    )
    parser.add_argument("journal", type=Path, metavar="FILE", help="JSON lines or HAR")
    parser.add_argument(
        "--from", dest="old", required=True, metavar="RELEASE", help="the release that the client uses now"
    )
    parser.add_argument("--to", dest="new", metavar="RELEASE", help="default: the newest")
    parser.add_argument(
        "--base-path",
        metavar="URL-PATH",
        help="the path under which an ingress serves Flink, such as /flink; default: detected in the requests",
    )
    parser.add_argument("--format", choices=("table", "json", "markdown"), default="table", help="default: %(default)s")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import json
    from dataclasses import asdict

    from flinkmock.conformance.compat import (
        EFFECTS_TO_FIX,
        compat,
        count_unmatched,
        detect_base_path,
        read_requests,
        without_base_path,
    )
    from flinkmock.contract import LATEST
    from flinkmock.errors import FlinkMockError, InvalidArgument
    from flinkmock.tables import columns, counted, markdown

    requests = read_requests(args.journal)
    new = args.new or LATEST
    if args.new is None and args.old == LATEST:
        raise InvalidArgument(
            f"Flink {LATEST} is the newest release that flinkmock knows. Choose the new release with --to."
        )
    base_path = detect_base_path(requests, args.old) if args.base_path is None else f"/{args.base_path.strip('/')}"
    requests = without_base_path(requests, base_path)
    impacts = compat(requests, args.old, new)
    unmatched_count = count_unmatched(requests, args.old)
    if unmatched_count == len(requests):
        raise FlinkMockError(no_match_message(args.journal, requests, args.old))
    base_path_note = f" under {base_path}" if base_path else ""
    verb = "matches" if unmatched_count == 1 else "match"
    unmatched_note = f" ({unmatched_count} of them {verb} no operation of Flink {args.old})" if unmatched_count else ""
    heading = f"{counted(len(requests), 'request')}{base_path_note}{unmatched_note}, from Flink {args.old} to {new}"
    rows = [[impact.effect, impact.since, impact.where, f"{impact.request_count}x", impact.what] for impact in impacts]
    if args.format == "json":
        report = {
            "from": args.old,
            "to": new,
            "requests": len(requests),
            "unmatched": unmatched_count,
            "base_path": base_path,
            "impacts": [asdict(impact) for impact in impacts],
        }
        print(json.dumps(report, indent=1, ensure_ascii=False))
    elif args.format == "markdown":
        print(f"# {heading}\n\n{markdown(['effect', 'since', 'operation', 'requests', 'affected part'], rows)}")
    else:
        print(f"{heading}:\n{columns(rows)}" if rows else f"{heading}: nothing changes")
    return 1 if any(impact.effect in EFFECTS_TO_FIX for impact in impacts) else 0


def no_match_message(journal: Path, requests: Sequence[ClientRequest], release: str) -> str:
    """Return the message for a journal without requests to Flink."""
    if not requests:
        return f"{journal} contains no requests."
    targets = list(dict.fromkeys(f"{request.method} {request.target.partition('?')[0]}" for request in requests))
    more = ", …" if len(targets) > MAX_EXAMPLES else ""
    subject = "the request" if len(requests) == 1 else f"any of the {len(requests)} requests"
    return (
        f"No operation of Flink {release} matches {subject} in {journal}: "
        f"{', '.join(targets[:MAX_EXAMPLES])}{more}. If an ingress serves Flink under a path, name it: "
        "--base-path /flink."
    )
