"""`flinkmock scenario`: the built-in scenarios, dry runs of scenario files, and the JSON Schema of these files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flinkmock.cli.arguments import duration
from flinkmock.cli.terminal import draw_progress_bar, is_terminal, paint
from flinkmock.garbage_collection import without_garbage_collection

if TYPE_CHECKING:
    from flinkmock.dryrun.plan import Plan


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "scenario",
        help="list the built-in scenarios, check scenarios, print or draw the plan of one, print their JSON Schema",
        description="Built-in scenarios, and dry runs of scenario files.",
        examples=(
            "flinkmock scenario list",
            "flinkmock scenario check orders.yaml --flink 1.20 --flink 2.3",
            "flinkmock scenario plan crash-loop.yaml",
        ),
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    _configure_list(actions)
    _configure_check(actions)
    _configure_plan(actions)
    _configure_schema(actions)


# -- list


def _configure_list(actions: Any) -> None:
    parser = actions.add_parser(
        "list",
        help="list the built-in scenarios",
        description="Lists the built-in scenarios, each with a description. Their names can be used like files.",
        examples=("flinkmock scenario list", "flinkmock serve crash-loop.yaml"),
    )
    parser.set_defaults(run=list_built_in)


def list_built_in(args: argparse.Namespace) -> int:
    from flinkmock.scenario.built_in import built_in_scenarios
    from flinkmock.tables import columns

    print(columns([[name, _first_sentence(text)] for name, text in built_in_scenarios().items()]))
    return 0


def _first_sentence(text: str) -> str:
    sentence, period, _ = text.partition(". ")
    return sentence + period.strip()


# -- check


def _configure_check(actions: Any) -> None:
    parser = actions.add_parser(
        "check",
        help="find mistakes in scenarios",
        description="Loads each scenario and runs it to its end without waiting. Sends read-only requests "
        "when jobs change their states, and checks each response against the contract. Reports, with line and "
        "column: mistakes in the file, steps that are never reached, names that nothing uses, faults that never apply, "
        "expectations that can't be met. Exit code 0: no findings; 1: findings; 2: usage error, or a file can't be "
        "read.",
        examples=(
            "flinkmock scenario check orders.yaml",
            "flinkmock scenario check scenarios/*.yaml --flink all",
        ),
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
    from flinkmock.dryrun.check import check_file
    from flinkmock.errors import ScenarioError

    releases = [
        release for option in args.flink or () for release in (known_releases() if option == "all" else (option,))
    ]
    for release in releases:
        Contract.load(release)  # reports an unknown release before any file is read
    exit_code = 0

    def progress(release: str, done: int, total: int) -> None:
        if is_terminal(sys.stderr):
            draw_progress_bar(done, total, f"{file} with Flink {release}")

    for file in args.files:
        try:
            with without_garbage_collection():
                results = check_file(file, list(dict.fromkeys(releases)), progress)
            no_findings = paint("no findings", "green")
            lines = [f"{file}: {no_findings} with {result}" for result in results]
        except ScenarioError as error:
            lines = [_painted(mistake) for mistake in error.mistakes]
            # a diagnostic without a line says that the file can't be read
            is_unreadable = any(diagnostic.line == 0 for diagnostic in error.diagnostics)
            exit_code = max(exit_code, 2 if is_unreadable else 1)
        finally:
            progress("", 1, 1)  # erases the progress bar
        print("\n".join(lines))
    return exit_code


def _painted(mistake: str) -> str:
    """Return a mistake with its source location in red."""
    location, colon, text = mistake.partition(": ")
    return f"{paint(location, 'red')}{colon}{text}"


# -- plan


def _configure_plan(actions: Any) -> None:
    parser = actions.add_parser(
        "plan",
        help="print or draw the timeline of a scenario",
        description="Runs a scenario without waiting and prints its timeline: job states with the reasons of their "
        "changes, TaskManagers, leaders, and the responses to a client. For these responses the plan acts as a "
        "client: it calls the operations that the scenario configures, and runs a jar for each rule of `submitted`.",
        examples=(
            "flinkmock scenario plan crash-loop.yaml",
            "flinkmock scenario plan rolling-upgrade.yaml --html plan.html",
        ),
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a scenario")
    parser.add_argument("--flink", metavar="RELEASE", help="default: the scenario's, else the newest")
    parser.add_argument(
        "--until", type=duration, metavar="DURATION", help="e.g. 10m; default: until nothing new happens"
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--svg", type=Path, metavar="FILE", help="draw the timeline, for light and dark backgrounds")
    output.add_argument("--html", type=Path, metavar="FILE", help="write an HTML page with the drawing and the text")
    parser.set_defaults(run=plan)


def plan(args: argparse.Namespace) -> int:
    from flinkmock.dryrun.plan import plan_file

    with without_garbage_collection():
        scenario_plan = plan_file(args.file, release=args.flink, duration_ms=args.until)
    if args.svg is not None:
        from flinkmock.dryrun.svg import plan_as_svg

        return _write(args.svg, plan_as_svg(scenario_plan))
    if args.html is not None:
        from flinkmock.dryrun.html_page import plan_as_html

        return _write(args.html, plan_as_html(scenario_plan))
    return _print(scenario_plan)


def _print(plan: Plan) -> int:
    from flinkmock.dryrun.table import plan_as_text

    print(plan_as_text(plan), end="")
    return 0


def _write(file: Path, text: str) -> int:
    from flinkmock.errors import FlinkMockError, unwritable_message

    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FlinkMockError(unwritable_message(file, error)) from error
    return 0


# -- schema


def _configure_schema(actions: Any) -> None:
    parser = actions.add_parser(
        "schema",
        help="print the JSON Schema of scenario files",
        description="Prints the JSON Schema of scenario files, for completion and checks in editors: flinkmock "
        "scenario schema > scenario.schema.json, and '# yaml-language-server: $schema=scenario.schema.json' as the "
        "first line of a scenario.",
        examples=("flinkmock scenario schema > scenario.schema.json",),
    )
    parser.set_defaults(run=schema)


def schema(args: argparse.Namespace) -> int:
    from flinkmock.data_files import data_dir

    print((data_dir("schemas") / "scenario.schema.json").read_text("utf-8"), end="")
    return 0
