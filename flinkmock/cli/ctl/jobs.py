"""`flinkmock ctl jobs` and the actions on a job."""

from __future__ import annotations

from typing import Any

from flinkmock.cli.arguments import duration, integer
from flinkmock.cli.ctl.action import Act, Actions
from flinkmock.cli.ctl.session import Session
from flinkmock.units import format_duration


def configure(actions: Actions) -> None:
    actions.add("jobs", show, "List the jobs")
    submit_parser = actions.add("submit", submit, "Submit a job", example="report --template batch")
    submit_parser.add_argument("name", metavar="NAME", help="the name of the job")
    submit_parser.add_argument(
        "--template", default="streaming", help="the template that the job extends; default: %(default)s"
    )
    submit_parser.add_argument("--parallelism", type=integer, metavar="N", help="default: that of the template")
    wait_parser = actions.add(
        "wait",
        wait,
        "Wait until a job is in a state, without advancing the clock",
        example="orders RUNNING --timeout 30s",
    )
    wait_parser.add_argument("job", metavar="JOB", help="the name or id of a job, which may be submitted later")
    wait_parser.add_argument("state", metavar="STATE", help="a job state of Flink: RUNNING, FINISHED, …")
    wait_parser.add_argument(
        "--timeout",
        dest="timeout_ms",
        type=duration,
        default="30s",
        metavar="DURATION",
        help="the maximum wall-clock time; default: %(default)s",
    )
    fail_parser = actions.add(
        "fail",
        fail,
        "Make a task of a job throw an exception",
        example="orders --class java.io.IOException --message 'disk full'",
    )
    _add_job_argument(fail_parser)
    fail_parser.add_argument(
        "--class",
        dest="java_class",
        default="java.lang.RuntimeException",
        help="the class of the exception; default: %(default)s",
    )
    fail_parser.add_argument(
        "--message", default="Intentional failure", help="the message of the exception; default: %(default)s"
    )
    fail_parser.add_argument(
        "--vertex",
        help="the name of the vertex whose task fails, if it runs; default: the seed chooses one",
    )
    for name, description in (
        ("finish", "Finish a job"),
        ("cancel", "Cancel a job"),
        ("restart", "Restart all tasks of a job"),
    ):
        _add_job_argument(actions.add(name, _job_action(name), description, example="orders"))


def _add_job_argument(parser: Any) -> None:
    parser.add_argument("job", metavar="JOB", help="the name or id of a job")


def show(session: Session) -> None:
    response = session.client.request("GET", "jobs")
    rows = [
        [job["name"], job["state"], job["id"], session.since_start(job["submitted-at"]), str(job["restarts"])]
        for job in response["jobs"]
    ]
    session.show_rows(response, ("name", "state", "id", "submitted", "restarts"), rows, "There are no jobs.")


def submit(session: Session) -> None:
    args = session.args
    parallelism = {} if args.parallelism is None else {"parallelism": args.parallelism}
    body = {"name": args.name, "template": args.template, **parallelism}
    _show_job(session, session.client.request("POST", "jobs", body=body))


def wait(session: Session) -> None:
    args = session.args
    body = {"state": args.state, "timeout": format_duration(args.timeout_ms)}
    job = session.client.request("POST", "jobs", args.job, "wait", body=body, server_wait_s=args.timeout_ms / 1000)
    _show_job(session, job)


def fail(session: Session) -> None:
    args = session.args
    body: dict[str, Any] = {"exception": {"class": args.java_class, "message": args.message}}
    if args.vertex is not None:
        body["vertex"] = args.vertex
    _show_job(session, session.client.request("POST", "jobs", args.job, "fail", body=body))


def _job_action(name: str) -> Act:
    """Return the function that runs an action on a job.

    Args:
        name: "finish", "cancel" or "restart".
    """

    def act(session: Session) -> None:
        _show_job(session, session.client.request("POST", "jobs", session.args.job, name))

    return act


def _show_job(session: Session, job: dict[str, Any]) -> None:
    session.show(job, f"{job['name']} {job['id']} is {job['state']}")
