"""`flinkmock scenario`: what is in a scenario file, before it serves."""

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
        help="check scenario files, print or draw what happens in one, print the schema for editors",
        description="Looks at scenario files before they serve.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    _configure_check(actions)
    _configure_plan(actions)
    _configure_schema(actions)


@contextmanager
def _all_is_kept() -> Iterator[None]:
    """A rehearsal keeps nearly all that it makes to its end; to look for garbage in between would take a fifth of its
    time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


# -- check


def _configure_check(actions: Any) -> None:
    parser = actions.add_parser(
        "check",
        help="find out what is wrong with scenarios before they serve",
        description="Reads each file, plays it to its end on a clock that jumps from event to event, asks every "
        "documented operation that only reads whenever something is new, checks each answer against the contract, and "
        "tells with line and column what can't be right: mistakes in the file, steps that are never come to, names "
        "that nothing uses, faults that can never strike, expectations that nobody can meet. "
        "Exit code 0: nothing; 1: something; 2: the command itself was wrong.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="scenarios")
    parser.add_argument(
        "--flink",
        action="append",
        metavar="RELEASE",
        help="play them as this release, or 'all'; can be given several times; default: what each file says, else the "
        "newest",
    )
    parser.set_defaults(run=check)


def check(args: argparse.Namespace) -> int:
    from flinkmock.contract import Contract, known_releases
    from flinkmock.dryrun.check import check as checked
    from flinkmock.errors import ScenarioError

    releases = [each for given in args.flink or () for each in (known_releases() if given == "all" else (given,))]
    for release in releases:
        Contract.load(release)  # an unknown one is no fault of the files
    code = 0
    for file in args.files:
        try:
            with _all_is_kept():
                told = [f"{file}: good as {each}" for each in checked(file, list(dict.fromkeys(releases)))]
        except ScenarioError as error:
            told, code = list(error.mistakes), 1
        print("\n".join(told))
    return code


# -- plan


def _configure_plan(actions: Any) -> None:
    parser = actions.add_parser(
        "plan",
        help="print what happens in a scenario and when, or draw it",
        description="Plays a scenario and prints its timeline: the states of its jobs and why they change, task "
        "managers and leaders that come and go, and then what the file holds ready for a client. Where a client has "
        "to do something for that to show, the plan does it: it calls the operations that the file speaks of, and runs "
        "a jar for each rule of `submitted`.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a scenario")
    parser.add_argument("--flink", metavar="RELEASE", help="default: what the file says, else the newest")
    parser.add_argument(
        "--until", type=duration, metavar="DURATION", help="e.g. 10m; default: until there is nothing new to see"
    )
    drawn = parser.add_mutually_exclusive_group()
    drawn.add_argument("--svg", type=Path, metavar="OUT", help="draw it into this file, light or dark as its reader is")
    drawn.add_argument("--html", type=Path, metavar="OUT", help="the same as a page, with the text below the picture")
    parser.set_defaults(run=plan)


def plan(args: argparse.Namespace) -> int:
    from flinkmock.dryrun.plan import plan as played
    from flinkmock.errors import ScenarioError

    try:
        with _all_is_kept():
            found = played(args.file, flink=args.flink, until=args.until)
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return 1
    if args.svg is not None:
        from flinkmock.dryrun.svg import svg

        return _write(args.svg, svg(found))
    if args.html is not None:
        from flinkmock.dryrun.html import page

        return _write(args.html, page(found))
    return _print(found)


def _print(found: Plan) -> int:
    from flinkmock.dryrun.table import table

    print(table(found), end="")
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
        description="Prints the JSON Schema of scenario files, with which editors complete and check them while they "
        "are written: flinkmock scenario schema > scenario.schema.json, and "
        "'# yaml-language-server: $schema=scenario.schema.json' as the first line of a scenario.",
    )
    parser.set_defaults(run=schema)


def schema(args: argparse.Namespace) -> int:
    from flinkmock.data import data_dir

    print((data_dir("schemas") / "scenario.schema.json").read_text("utf-8"), end="")
    return 0
