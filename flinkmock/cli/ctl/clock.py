"""`flinkmock ctl clock`, `advance`, `next`, `run-until`."""

from __future__ import annotations

from flinkmock.cli.ctl.action import Actions
from flinkmock.cli.ctl.session import Session


def configure(actions: Actions) -> None:
    clock_parser = actions.add(
        "clock",
        show_or_change_mode,
        "Print the cluster time, the clock mode and the time of the next event",
        example="--mode virtual",
    )
    clock_parser.add_argument("--mode", metavar="MODE", help="change the mode: virtual, real, 10x, '1s per request'")
    advance_parser = actions.add("advance", advance, "Advance the cluster time", example="5m")
    advance_parser.add_argument("duration", metavar="DURATION", help="500ms, 30s, 2m30s, 1h")
    actions.add("next", advance_to_next, "Advance the cluster time to the next event")
    run_until_parser = actions.add(
        "run-until", run_until, "Advance the cluster time until a job is in a state", example="orders RUNNING"
    )
    run_until_parser.add_argument("job", metavar="JOB", help="the name or id of a job")
    run_until_parser.add_argument("state", metavar="STATE", help="a job state of Flink: RUNNING, FINISHED, …")


def show_or_change_mode(session: Session) -> None:
    mode = session.args.mode
    if mode is None:
        session.show_clock(session.client.request("GET", "clock"))
    else:
        session.show_clock(session.client.request("PUT", "clock", "mode", body={"mode": mode}))


def advance(session: Session) -> None:
    session.show_clock(session.client.request("POST", "clock", "advance", body={"by": session.args.duration}))


def advance_to_next(session: Session) -> None:
    session.show_clock(session.client.request("POST", "clock", "next-event"))


def run_until(session: Session) -> None:
    body = {"job": session.args.job, "state": session.args.state}
    session.show_clock(session.client.request("POST", "clock", "run-until", body=body))
