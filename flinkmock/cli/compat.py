"""`flinkmock compat`: what an upgrade of Flink changes for a client."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "compat",
        help="report what an upgrade of Flink changes for a client's requests",
        description="Reads the requests of a client (a journal as JSON lines, or a HAR file). Reports which requests "
        "fail after the upgrade, which parts of them Flink ignores now or after it, and what changes in the "
        "responses, each with the release that introduces it. Exit code 0: the upgrade breaks no request; 1: after it, "
        "a request fails or Flink ignores a part of one; 2: usage error.",
        examples=("flinkmock compat requests.jsonl --from 1.20 --to 2.3",),
    )
    parser.add_argument("journal", type=Path, help="JSON lines or HAR")
    parser.add_argument(
        "--from", dest="old", required=True, metavar="RELEASE", help="the release that the client uses now"
    )
    parser.add_argument("--to", dest="new", metavar="RELEASE", help="default: the newest")
    parser.add_argument("--format", choices=("table", "json", "markdown"), default="table", help="default: %(default)s")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import json
    from dataclasses import asdict

    from flinkmock.conformance.compat import CAUSED_BY_UPGRADE, compat, count_unmatched, read_requests
    from flinkmock.contract import LATEST
    from flinkmock.tables import columns, markdown

    requests = read_requests(args.journal)
    new = args.new or LATEST
    impacts = compat(requests, args.old, new)
    unmatched = count_unmatched(requests, args.old)
    note = f" ({unmatched} of them match no operation of Flink {args.old})" if unmatched else ""
    heading = f"{len(requests)} requests{note}, from Flink {args.old} to {new}"
    rows = [[impact.effect, impact.since, impact.where, f"{impact.requests}x", impact.what] for impact in impacts]
    if args.format == "json":
        report = {
            "from": args.old,
            "to": new,
            "requests": len(requests),
            "unmatched": unmatched,
            "impacts": [asdict(impact) for impact in impacts],
        }
        print(json.dumps(report, indent=1, ensure_ascii=False))
    elif args.format == "markdown":
        print(f"# {heading}\n\n{markdown(['effect', 'since', 'operation', 'requests', 'affected part'], rows)}")
    else:
        print(f"{heading}:\n{columns(rows)}" if rows else f"{heading}: nothing changes")
    return 1 if any(impact.effect in CAUSED_BY_UPGRADE for impact in impacts) else 0
