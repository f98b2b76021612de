"""`flinkmock ctl fault`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flinkmock.cli.ctl.action import Actions
from flinkmock.cli.ctl.session import Session


def configure(actions: Actions) -> None:
    fault = actions.group("fault", "List, add and remove faults", example="list")
    fault.add("list", show, "List the faults with the number of requests to which each applied")
    add_parser = fault.add(
        "add", add, "Add faults in the language of scenarios", example="'{match: GET /jobs, times: 1, delay: 5s}'"
    )
    add_parser.add_argument(
        "fault", metavar="FILE-or-YAML", help="a file, - for standard input, or a fault as YAML or JSON"
    )
    add_parser.add_argument("--first", action="store_true", help="give the new faults precedence over the current ones")
    remove_parser = fault.add("remove", remove, "Remove a fault", example="slow")
    remove_parser.add_argument("name", metavar="NAME", help="the name of the fault, as `fault list` shows it")
    fault.add("clear", clear, "Remove all faults")


def show(session: Session) -> None:
    response = session.client.request("GET", "faults")
    _show(session, response, response["faults"], "There are no faults.")


def add(session: Session) -> None:
    text = session.args.fault
    # each fault has a colon after a key: a text without a colon is the name of a file that does not exist
    if text == "-" or Path(text).is_file() or ":" not in text:
        text = session.text_of(text)
    query = {"first": "true"} if session.args.first else {}
    response = session.client.request("POST", "faults", yaml=text, query=query)
    _show(session, response, response["faults"], "")


def remove(session: Session) -> None:
    session.client.request("DELETE", "faults", session.args.name)
    session.show({"name": session.args.name}, f"{session.args.name} is removed")


def clear(session: Session) -> None:
    session.client.request("DELETE", "faults")
    session.show({}, "All faults are removed")


def _show(session: Session, response: Any, faults: Sequence[dict[str, Any]], empty_message: str) -> None:
    rows = [[fault["name"], str(fault["hits"]), _definition(fault["definition"])] for fault in faults]
    session.show_rows(response, ("fault", "hits", "definition"), rows, empty_message)


def _definition(definition: dict[str, Any] | None) -> str:
    if definition is None:
        return "created in Python"
    fields = {key: value for key, value in definition.items() if key != "name"}
    return ", ".join(
        f"{key}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for key, value in fields.items()
    )
