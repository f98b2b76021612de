"""`flinkmock scenario`: dry runs of scenario files."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flinkmock.cli.arguments import duration

if TYPE_CHECKING:
    from flinkmock.dryrun.plan import Plan


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "scenario",
        help="check scenarios, print or draw the plan of one, print their JSON Schema",
        description="Dry runs of scenario files.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    _configure_check(actions)
    _configure_plan(actions)
    _configure_schema(actions)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Disable garbage collection: a dry run keeps nearly all objects, and collecting takes a fifth of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


# -- check


def _configure_check(actions: Any) -> None:
    parser = actions.add_parser(
        "check",
        help="find mistakes in scenarios",
        description="Loads each scenario and runs it to its end without waiting. Sends every documented read-only "
        "request whenever something changes, and checks each response against the contract. Reports, with line and "
        "column: mistakes in the file, steps that are never reached, names that nothing uses, faults that never apply, "
        "expectations that can't be met. Exit code 0: no findings; 1: findings; 2: usage error.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="scenarios")
    parser.add_argument(
        "--flink",
        action="append",
        metavar="RELEASE",
        help="the release, or 'all'; can be repeated; default: each scenario's, else the newest",
    )
    parser.set_defaults(run=check)


def check(args: argparse.Namespace) -> int:
    from flinkmock.contract import Contract, known_releases
    from flinkmock.dryrun.check import check as check_file
    from flinkmock.errors import ScenarioError

    releases = [each for option in args.flink or () for each in (known_releases() if option == "all" else (option,))]
    for release in releases:
        Contract.load(release)  # reported before any file is read
    code = 0
    for file in args.files:
        try:
            with _without_garbage_collection():
                lines = [
                    f"{file}: no findings with {result}" for result in check_file(file, list(dict.fromkeys(releases)))
                ]
        except ScenarioError as error:
            lines, code = list(error.mistakes), 1
        print("\n".join(lines))
    return code


# -- plan


def _configure_plan(actions: Any) -> None:
    parser = actions.add_parser(
        "plan",
        help="print or draw the timeline of a scenario",
        description="Runs a scenario without waiting and prints its timeline: job states with the reasons of their "
        "changes, TaskManagers, leaders, and how the cluster answers a client. For these answers the plan acts as a "
        "client: it calls the operations that the scenario configures, and runs a jar for each rule of `submitted`.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a scenario")
    parser.add_argument("--flink", metavar="RELEASE", help="default: the scenario's, else the newest")
    parser.add_argument(
        "--until", type=duration, metavar="DURATION", help="e.g. 10m; default: until nothing new happens"
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--svg", type=Path, metavar="OUT", help="draw the timeline, for light and dark backgrounds")
    output.add_argument("--html", type=Path, metavar="OUT", help="draw it as an HTML page, with the text below")
    parser.set_defaults(run=plan)


def plan(args: argparse.Namespace) -> int:
    from flinkmock.dryrun.plan import plan as make_plan
    from flinkmock.errors import ScenarioError

    try:
        with _without_garbage_collection():
            result = make_plan(args.file, flink=args.flink, until=args.until)
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return 1
    if args.svg is not None:
        from flinkmock.dryrun.svg import svg

        return _write(args.svg, svg(result))
    if args.html is not None:
        from flinkmock.dryrun.html import page

        return _write(args.html, page(result))
    return _print(result)


def _print(plan: Plan) -> int:
    from flinkmock.dryrun.table import table

    print(table(plan), end="")
    return 0


def _write(file: Path, text: str) -> int:
    from flinkmock.errors import FlinkMockError

    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FlinkMockError(f"{file} can't be written: {error.strerror}.") from error
    return 0


# -- schema


def _configure_schema(actions: Any) -> None:
    parser = actions.add_parser(
        "schema",
        help="print the JSON Schema of scenario files",
        description="Prints the JSON Schema of scenario files, for completion and checks in editors: flinkmock "
        "scenario schema > scenario.schema.json, and '# yaml-language-server: $schema=scenario.schema.json' as the "
        "first line of a scenario.",
    )
    parser.set_defaults(run=schema)


def schema(args: argparse.Namespace) -> int:
    from flinkmock.data import data_dir

    print((data_dir("schemas") / "scenario.schema.json").read_text("utf-8"), end="")
    return 0
