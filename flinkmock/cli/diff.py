"""`flinkmock diff`: what changed between two releases."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flinkmock.contract.difference import Change


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "diff",
        help="tell what changed in the REST API between two releases",
        description="Tells what changed between two releases of Flink: operations, parameters, fields of requests and "
        "answers, values of enums, statuses, behaviour; each with the release that brought it. An exclamation "
        "mark stands before what can break a client of the older release.",
    )
    parser.add_argument("old", help="the older release: 1.20")
    parser.add_argument("new", help="the newer release: 2.3")
    parser.add_argument("--format", choices=("table", "json", "markdown"), default="table", help="default: %(default)s")
    parser.add_argument("--breaking", action="store_true", help="only what can break a client")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from flinkmock.contract import Contract
    from flinkmock.contract.difference import history
    from flinkmock.errors import FlinkMockError
    from flinkmock.server.told import changes_of_behaviour

    try:
        changes = [change for change in history(args.old, args.new) if change.breaking or not args.breaking]
    except ValueError as error:
        raise FlinkMockError(str(error)) from error
    old, new = (Contract.load(minor).release for minor in (args.old, args.new))
    behaviour = [] if args.breaking else changes_of_behaviour(old, new)
    if args.format == "json":
        print(as_json(old.minor, new.minor, changes, behaviour))
    elif args.format == "markdown":
        print(as_markdown(old.minor, new.minor, changes, behaviour))
    else:
        print(as_table(changes, behaviour) or f"No difference between Flink {old} and {new}.")
    return 0


def as_json(old: str, new: str, changes: list[Change], behaviour: list[str]) -> str:
    import json
    from dataclasses import asdict

    told = {"from": old, "to": new, "changes": [asdict(change) for change in changes], "behaviour": behaviour}
    return json.dumps(told, indent=1, ensure_ascii=False)


def as_markdown(old: str, new: str, changes: list[Change], behaviour: list[str]) -> str:
    from flinkmock.tables import markdown

    rows = [[f"`{each.where}`", each.what, each.words, each.since, "yes" if each.breaking else ""] for each in changes]
    lines = [f"# Flink {old} → {new}", "", markdown(["operation", "what", "change", "since", "breaking"], rows)]
    lines += ["", "## Behaviour", "", *(f"- {sentence}" for sentence in behaviour)] if behaviour else []
    return "\n".join(lines)


def as_table(changes: list[Change], behaviour: list[str]) -> str:
    from flinkmock.tables import columns

    lines: list[str] = []
    by_operation: dict[str, list[Change]] = {}
    for change in changes:
        by_operation.setdefault(change.where, []).append(change)
    for where, found in by_operation.items():
        lines += ["", "all requests" if where == "*" else where]
        rows = [["  !" if each.breaking else "   ", each.since, each.what, each.words] for each in found]
        lines.append(columns(rows))
    if behaviour:
        lines += ["", "behaviour", *(f"       {sentence}" for sentence in behaviour)]
    return "\n".join(lines[1:])
