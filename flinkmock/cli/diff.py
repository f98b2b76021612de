"""`flinkmock diff`: lists the changes of the REST API between two releases."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flinkmock.contract.contract_change import ContractChange


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "diff",
        help="list the changes of the REST API between two releases",
        description="Lists the changes between two releases of Flink: operations, parameters, fields of requests and "
        "responses, enum values, statuses, behaviour. Each change names the release that introduced it. An exclamation "
        "mark marks changes that can break a client of the older release.",
        examples=("flinkmock diff 1.20 2.3",),
    )
    parser.add_argument("old", metavar="OLD", help="the older release: 1.20")
    parser.add_argument("new", metavar="NEW", help="the newer release: 2.3")
    parser.add_argument("--format", choices=("table", "json", "markdown"), default="table", help="default: %(default)s")
    parser.add_argument("--breaking", action="store_true", help="only changes that can break a client")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from flinkmock.contract import Contract
    from flinkmock.contract.difference import behaviour_changes_between, changes_between, sorted_by_path

    all_changes = sorted_by_path([*changes_between(args.old, args.new), *behaviour_changes_between(args.old, args.new)])
    # clients can't notice a change without a meaning
    changes = [change for change in all_changes if change.meaning and (change.breaking or not args.breaking)]
    old, new = (Contract.load(minor).release for minor in (args.old, args.new))
    if args.format == "json":
        print(as_json(old.minor, new.minor, changes))
    elif args.format == "markdown":
        print(as_markdown(old.minor, new.minor, changes))
    else:
        print(as_table(changes) or f"No difference between Flink {old} and {new}.")
    return 0


def as_json(old: str, new: str, changes: list[ContractChange]) -> str:
    import json
    from dataclasses import asdict

    entries = [asdict(change) | {"what": change.what, "words": change.words} for change in changes]
    return json.dumps({"from": old, "to": new, "changes": entries}, indent=1, ensure_ascii=False)


def as_markdown(old: str, new: str, changes: list[ContractChange]) -> str:
    from flinkmock.tables import markdown

    rows = [
        [f"`{change.where}`", change.what, change.meaning, change.since, "yes" if change.breaking else ""]
        for change in changes
    ]
    table = markdown(["operation", "what", "change", "since", "breaking"], rows)
    return f"# Flink {old} → {new}\n\n{table}"


def as_table(changes: list[ContractChange]) -> str:
    from itertools import groupby

    from flinkmock.tables import columns

    lines: list[str] = []
    for where, group in groupby(changes, lambda change: change.where):
        lines += ["", "all requests" if where == "*" else where]
        rows = [["  !" if change.breaking else "   ", change.since, change.what, change.meaning] for change in group]
        lines.append(columns(rows))
    return "\n".join(lines[1:])
