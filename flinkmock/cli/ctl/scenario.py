"""`flinkmock ctl scenario`, `reset`, `snapshot` and `restore`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flinkmock.cli.arguments import integer
from flinkmock.cli.ctl.action import Actions
from flinkmock.cli.ctl.session import Session

QUERY_PARAMETERS = ("flink", "seed", "clock", "start-time")
"""The query parameters that take precedence over the scenario."""
UNNAMED = "<scenario>"
"""The server's name for a scenario without a file."""


def configure(actions: Actions) -> None:
    scenario = actions.group("scenario", "Show, check and replace the scenario", example="load crash-loop.yaml")
    scenario.add("show", show, "Print the scenario as YAML")
    load_parser = scenario.add(
        "load",
        load,
        "Replace the cluster with one that has another scenario, at the same address",
        example="crash-loop.yaml --clock virtual",
    )
    add_file_argument(load_parser)
    add_scenario_options(load_parser)
    check_parser = scenario.add(
        "check", check, "Check a scenario without using it; exit code 1 if it is invalid", example="orders.yaml"
    )
    add_file_argument(check_parser)
    scenario.add("list", list_built_in, "List the built-in scenarios")
    actions.add("reset", reset, "Start the cluster again with the same scenario")
    snapshot_parser = actions.add(
        "snapshot", take_list_or_delete_snapshots, "Take a snapshot of the cluster and print its id"
    )
    modes = snapshot_parser.add_mutually_exclusive_group()
    modes.add_argument("--list", action="store_true", dest="only_list", help="list the snapshots instead")
    modes.add_argument("--delete", metavar="ID", help="delete a snapshot instead")
    restore_parser = actions.add("restore", restore, "Restore a snapshot", example="s1")
    restore_parser.add_argument("id", metavar="ID", help="the id that `snapshot` printed")


def add_file_argument(parser: Any, **arguments: Any) -> None:
    parser.add_argument(
        "file",
        metavar="SCENARIO",
        help="a YAML file, the name of a built-in scenario, or - for standard input",
        **arguments,
    )


def add_scenario_options(parser: Any) -> None:
    parser.add_argument(
        "--flink", metavar="RELEASE", help="the release to serve; default: the server's --flink, else the scenario's"
    )
    parser.add_argument(
        "--seed", type=integer, metavar="N", help="the seed; default: the server's --seed, else the scenario's"
    )
    parser.add_argument(
        "--clock", metavar="CLOCK", help="the clock mode; default: the server's --clock, else the scenario's"
    )
    parser.add_argument(
        "--start-time",
        metavar="TIME",
        help="the cluster time at which the scenario begins, e.g. 2026-01-01T00:00:00Z; default: the server's "
        "--start-time, else the scenario's",
    )


def scenario_text(session: Session) -> str:
    """Return the content of the file, merged with the files that it extends, which the server may lack.

    If there is no such file, return the file name, which may be the name of a built-in scenario.

    Raises:
        FlinkMockError: The file can't be read.
        ScenarioError: The scenario extends others, and is invalid.
    """
    file: str = session.args.file
    if file != "-" and not Path(file).exists() and file.endswith((".yaml", ".yml")):
        return file
    text = session.text_of(file)
    return text if "extends" not in text else _merged(text if file == "-" else Path(file), text)


def _merged(source: str | Path, text: str) -> str:
    """Return the text of a scenario, merged with the files that it extends.

    Args:
        source: The file, or the text of a scenario from standard input.
        text: The text of the scenario.
    """
    import yaml

    from flinkmock.scenario import load_scenario

    is_file = isinstance(source, Path)
    scenario = load_scenario(source if is_file else f"{source}\n")  # a text with a line break is not a file name
    extends_no_file = len(scenario.files) == (1 if is_file else 0)
    if scenario.document is None or extends_no_file:
        return text
    document = scenario.document.to_python()
    assert isinstance(document, dict)
    document.pop("extends", None)
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


@contextmanager
def file_in_messages(session: Session) -> Iterator[None]:
    """Add the name of the file, which the server does not know, to messages about the scenario."""
    from flinkmock.control.client import ControlApiError

    try:
        yield
    except ControlApiError as error:
        message = error.message.replace(UNNAMED, session.args.file or UNNAMED)
        raise ControlApiError(error.status, message, error.details) from None


def scenario_query(session: Session) -> dict[str, Any]:
    """Return the query parameters that take precedence over the scenario."""
    return {name: getattr(session.args, name.replace("-", "_")) for name in QUERY_PARAMETERS}


def show(session: Session) -> None:
    client = session.client
    if session.as_json:
        session.show(client.request("GET", "scenario"), "")
    else:
        print(client.request("GET", "scenario", accept="application/yaml"), end="")


def load(session: Session) -> None:
    with file_in_messages(session):
        clock = session.client.request("PUT", "scenario", yaml=scenario_text(session), query=scenario_query(session))
    session.show_clock(clock)


def check(session: Session) -> int:
    from flinkmock.errors import ScenarioError

    try:
        response = session.client.request("POST", "scenario", "check", yaml=scenario_text(session))
    except ScenarioError as error:
        response = {"valid": False, "mistakes": [diagnostic.as_json() for diagnostic in error.diagnostics]}
    lines = []
    for mistake in response["mistakes"]:
        file = session.args.file if mistake["file"] == UNNAMED else mistake["file"]
        position = f":{mistake['line']}:{mistake['column']}" if "line" in mistake else ""
        lines.append(f"{file}{position}: {mistake['message']}")
    session.show(response, "\n".join(lines) or f"{session.args.file} is valid")
    return 0 if response["valid"] else 1


def list_built_in(session: Session) -> None:
    response = session.client.request("GET", "scenarios")
    rows = [[scenario["name"], scenario["description"]] for scenario in response["scenarios"]]
    session.show_rows(response, ("scenario", "description"), rows, "")


def reset(session: Session) -> None:
    session.show_clock(session.client.request("POST", "reset"))


def take_list_or_delete_snapshots(session: Session) -> None:
    args, client = session.args, session.client
    if args.delete is not None:
        client.request("DELETE", "snapshots", args.delete)
        session.show({"id": args.delete}, f"{args.delete} is deleted")
    elif args.only_list:
        response = client.request("GET", "snapshots")
        rows = [[entry["id"], session.since_start(entry["at"])] for entry in response["snapshots"]]
        session.show_rows(response, ("snapshot", "time"), rows, "There are no snapshots.")
    else:
        response = client.request("POST", "snapshots")
        session.show(response, response["id"])


def restore(session: Session) -> None:
    session.show_clock(session.client.request("POST", "snapshots", session.args.id, "restore"))
