"""`flinkmock compat`: what a client will feel in an upgrade."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "compat",
        help="tell what a client's own requests will feel in an upgrade of Flink",
        description="Reads the requests of a client (a journal as JSON lines, or a HAR) and tells which of them fail, "
        "what of them is ignored, and what changes in the answers, each with the release that brings it. "
        "Exit code 0: nothing fails and nothing is ignored; 1: something does.",
    )
    parser.add_argument("journal", type=Path, help="JSON lines or HAR")
    parser.add_argument("--from", dest="old", required=True, metavar="RELEASE", help="what the client speaks to now")
    parser.add_argument("--to", dest="new", metavar="RELEASE", help="default: the newest")
    parser.add_argument("--format", choices=("table", "json", "markdown"), default="table", help="default: %(default)s")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import json
    from dataclasses import asdict

    from flinkmock.conformance.compat import READS, compat, read_requests, strange
    from flinkmock.contract import LATEST
    from flinkmock.errors import FlinkMockError
    from flinkmock.tables import columns, markdown

    requests = read_requests(args.journal)
    new = args.new or LATEST
    try:
        impacts = compat(requests, args.old, new)
    except ValueError as error:
        raise FlinkMockError(str(error)) from error
    unknown = strange(requests, args.old)
    aside = f" ({unknown} of them no calls of Flink {args.old})" if unknown else ""
    head = f"{len(requests)} requests{aside}, from Flink {args.old} to {new}"
    rows = [[each.effect, each.since, each.where, f"{each.requests}x", each.what] for each in impacts]
    if args.format == "json":
        told = {
            "from": args.old,
            "to": new,
            "requests": len(requests),
            "unknown": unknown,
            "impacts": [asdict(each) for each in impacts],
        }
        print(json.dumps(told, indent=1, ensure_ascii=False))
    elif args.format == "markdown":
        print(f"# {head}\n\n{markdown(['effect', 'since', 'operation', 'requests', 'what'], rows)}")
    else:
        print(f"{head}: {'nothing changes for them' if not rows else ''}".rstrip(": ") + (":" if rows else ""))
        if rows:
            print(columns(rows))
    return 1 if any(each.effect != READS for each in impacts) else 0
