"""`flinkmock ctl`: drives a running fake cluster from a shell, through its control API."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from flinkmock.cli import server_access
from flinkmock.cli.arguments import TOKEN_VARIABLE
from flinkmock.cli.ctl import clock, faults, jobs, processes, requests, scenario, server
from flinkmock.cli.ctl.action import Actions

DEFAULT_URL = "http://127.0.0.1:8081"
NOT_MET_STATUS = 409
"""The status of a response if a condition is not met, or if the state of the cluster does not allow the action."""
EXAMPLES = (
    "flinkmock ctl advance 5m",
    "flinkmock ctl wait orders RUNNING --timeout 30s && ./deploy.sh",
    "flinkmock ctl fail orders --class java.io.IOException --message 'disk full'",
    "flinkmock ctl fault add '{match: \"POST /jobs/:jobid/savepoints\", times: 1, delay: 5s}'",
    "flinkmock ctl requests --match 'POST /jobs/:jobid/stop'",
    "flinkmock ctl scenario load crash-loop.yaml",
)


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "ctl",
        help="drive a running fake cluster: clock, jobs, faults, requests, scenario",
        description="Drives a running fake cluster through its control API. Exit code 0: done; 1: a condition is "
        "not met (a job does not get into a state, an expectation is not met, the state of the cluster does not allow "
        "the action); 2: usage error, or the cluster does not respond.",
        examples=EXAMPLES,
    )
    _add_options(parser)
    actions = Actions(parser.add_subparsers(metavar="ACTION", required=True), _add_options)
    for module in (clock, jobs, processes, faults, requests, scenario, server):
        module.configure(actions)
    parser.set_defaults(run=run)


def _add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that may be before or after the action."""
    parser.add_argument(
        "--url",
        default=argparse.SUPPRESS,
        help=f"the URL of the cluster; default: $FLINKMOCK_URL, else {DEFAULT_URL}",
    )
    parser.add_argument(
        "--token", default=argparse.SUPPRESS, help=f"the control token of the cluster; default: ${TOKEN_VARIABLE}"
    )
    server_access.configure_tls(parser)
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print the JSON of the response")


def run(args: argparse.Namespace) -> int:
    from flinkmock.cli.ctl.session import Session
    from flinkmock.control.client import ControlApiError, ControlClient

    url = getattr(args, "url", None) or os.environ.get("FLINKMOCK_URL") or DEFAULT_URL
    token = getattr(args, "token", None) or os.environ.get(TOKEN_VARIABLE)
    client = ControlClient(url, token, server_access.ssl_context(args))
    session = Session(client, args, as_json=getattr(args, "json", False))
    try:
        code: int | None = args.act(session)
    except ControlApiError as error:
        print(f"flinkmock: {error.message}", file=sys.stderr)
        return 1 if error.status == NOT_MET_STATUS else 2
    return code or 0
