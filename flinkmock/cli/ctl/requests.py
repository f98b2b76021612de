"""`flinkmock ctl requests`, `findings` and `expectations`."""

from __future__ import annotations

import json
from typing import Any

from flinkmock.cli.arguments import duration, integer, non_negative_int
from flinkmock.cli.ctl.action import Actions
from flinkmock.cli.ctl.session import Session
from flinkmock.errors import FlinkMockError
from flinkmock.units import format_duration

DEFAULT_LIMIT = 50
"""How many requests are listed without `--limit`."""
DEFAULT_TIMEOUT = "30s"
"""The maximum wall-clock time of `--wait` without `--timeout`."""
_FILTERS = ("match", "status", "job", "unmatched")


def configure(actions: Actions) -> None:
    parser = actions.add(
        "requests",
        list_wait_or_clear,
        "List the requests of clients",
        example="--match 'POST /jobs/:jobid/stop' --wait 1",
    )
    parser.add_argument("--match", metavar="REQUEST", help="method and path: 'POST /jobs/:jobid/savepoints'")
    parser.add_argument("--status", type=integer, help="only responses with this status")
    parser.add_argument("--job", help="only requests about the job with this name or id")
    parser.add_argument("--unmatched", action="store_true", default=None, help="only requests that match no operation")
    parser.add_argument(
        "--limit",
        type=non_negative_int,
        metavar="N",
        help=f"how many of the last requests to list; default: {DEFAULT_LIMIT}",
    )
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument(
        "--wait",
        type=non_negative_int,
        metavar="N",
        help="wait until N requests match; exit code 1 if they are not sent in time",
    )
    parser.add_argument(
        "--timeout",
        dest="timeout_ms",
        type=duration,
        metavar="DURATION",
        help=f"the maximum wall-clock time of --wait; default: {DEFAULT_TIMEOUT}",
    )
    modes.add_argument("--har", action="store_true", help="print all requests as HAR 1.2")
    modes.add_argument("--clear", action="store_true", help="clear the journal")
    actions.add(
        "findings",
        show_findings,
        "List faults, expectations and parts of requests that have no effect; exit code 1 if there are any",
    )
    actions.add(
        "expectations", show_expectations, "Check the scenario's `expect` section; exit code 1 if it is not met"
    )


def list_wait_or_clear(session: Session) -> None:
    args, client = session.args, session.client
    if args.wait is not None:
        _wait(session)
        return
    if args.timeout_ms is not None:
        raise FlinkMockError("--timeout needs --wait.")
    if args.clear:
        _reject(session, "--clear", *_FILTERS, "limit")
        client.request("DELETE", "requests")
        session.show({}, "The journal is empty")
    elif args.har:
        _reject(session, "--har", *_FILTERS, "limit")
        print(json.dumps(client.request("GET", "requests", "har"), indent=1, ensure_ascii=False))
    else:
        query = {"match": args.match, "status": args.status, "job": args.job}
        query["limit"] = DEFAULT_LIMIT if args.limit is None else args.limit
        if args.unmatched:
            query["unmatched"] = "true"
        _show(session, client.request("GET", "requests", query=query))


def _reject(session: Session, option: str, *names: str) -> None:
    """Raise FlinkMockError if options are given that have no effect together with `option`.

    Args:
        session: The run of the command.
        option: The option with which the others have no effect.
        names: The names of the other options, without dashes.
    """
    without_effect = [f"--{name}" for name in names if getattr(session.args, name) is not None]
    if without_effect:
        raise FlinkMockError(f"{option} can't be combined with {', '.join(without_effect)}.")


def _wait(session: Session) -> None:
    args = session.args
    if args.match is None:
        raise FlinkMockError("--wait needs --match.")
    _reject(session, "--wait", "job", "unmatched", "limit")
    timeout_ms = duration(DEFAULT_TIMEOUT) if args.timeout_ms is None else args.timeout_ms
    body = {"match": args.match, "times": args.wait, "timeout": format_duration(timeout_ms)}
    if args.status is not None:
        body["status"] = args.status
    response = session.client.request("POST", "requests", "wait", body=body, server_wait_s=timeout_ms / 1000)
    _show(session, response)


def _show(session: Session, response: dict[str, Any]) -> None:
    rows = [
        [
            str(request["number"]),
            session.since_start(request["time"]),
            str(request["status"] or "none"),
            f"{request['method']} {request['target']}",
            request["job"] or "",
            f"({request['fault']})" if request["fault"] else "",
        ]
        for request in response["requests"]
    ]
    are_all_listed = session.args.limit != 0 and all(getattr(session.args, name) is None for name in _FILTERS)
    empty_message = "There are no requests." if are_all_listed else "No requests match."
    session.show_rows(response, ("#", "time", "status", "request", "job", "fault"), rows, empty_message)


def show_findings(session: Session) -> int:
    response = session.client.request("GET", "findings")
    sentences = [*response["unused"], *response["ignored"]]
    session.show(response, "\n".join(sentences) or "All faults applied, and Flink reads all parts of the requests.")
    return 1 if sentences else 0


def show_expectations(session: Session) -> int:
    response = session.client.request("GET", "expectations")
    lines = [
        f"met      {expectation['expectation']}" if expectation["met"] else f"NOT MET  {expectation['message']}"
        for expectation in response["expectations"]
    ]
    session.show(response, "\n".join(lines) or "The scenario expects nothing.")
    return 0 if response["met"] else 1
