"""`flinkmock ctl requests` and `expectations`."""

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
_FILTERS = ("match", "status", "job", "unmatched", "limit")


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
    parser.add_argument(
        "--wait",
        type=non_negative_int,
        metavar="N",
        help="wait until N requests match; exit code 1 if they are not sent in time",
    )
    parser.add_argument(
        "--timeout",
        dest="timeout_ms",
        type=duration,
        default="30s",
        metavar="DURATION",
        help="the maximum wall-clock time of --wait; default: %(default)s",
    )
    parser.add_argument("--har", action="store_true", help="print all requests as HAR 1.2")
    parser.add_argument("--clear", action="store_true", help="clear the journal")
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
    if args.clear:
        _reject_filters(session, "--clear", allowed=())
        client.request("DELETE", "requests")
        session.show({}, "The journal is empty")
    elif args.har:
        _reject_filters(session, "--har", allowed=())
        print(json.dumps(client.request("GET", "requests", "har"), indent=1, ensure_ascii=False))
    elif args.wait is not None:
        _wait(session)
    else:
        query = {"match": args.match, "status": args.status, "job": args.job}
        query["limit"] = DEFAULT_LIMIT if args.limit is None else args.limit
        if args.unmatched:
            query["unmatched"] = "true"
        _show(session, client.request("GET", "requests", query=query))


def _reject_filters(session: Session, option: str, *, allowed: tuple[str, ...]) -> None:
    """Raise FlinkMockError if filters are given that have no effect together with an option."""
    without_effect = [
        f"--{name}" for name in _FILTERS if name not in allowed and getattr(session.args, name) is not None
    ]
    if without_effect:
        raise FlinkMockError(f"{option} can't be combined with {', '.join(without_effect)}.")


def _wait(session: Session) -> None:
    args = session.args
    if args.match is None:
        raise FlinkMockError("--wait needs --match.")
    _reject_filters(session, "--wait", allowed=("match", "status"))
    body = {"match": args.match, "times": args.wait, "timeout": format_duration(args.timeout_ms)}
    if args.status is not None:
        body["status"] = args.status
    response = session.client.request("POST", "requests", "wait", body=body, server_wait_s=args.timeout_ms / 1000)
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
    session.show_rows(response, ("#", "time", "status", "request", "job", "fault"), rows, "There are no requests.")


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
