"""Jobs that are INITIALIZING or CREATED."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tests.fidelity.driver import Driver
from tests.fidelity.jobs import has_ended, start_job, upload, wait_state
from tests.fidelity.situations.views import JOB, operations, reads


@contextlib.contextmanager
def initializing_job(d: Driver, name: str) -> Iterator[None]:
    """Keep a job INITIALIZING: the metadata of its savepoint is a named pipe without a writer."""
    folder = Path(str(d.variables["scratch"]), name)
    folder.mkdir(parents=True)
    os.mkfifo(folder / "_metadata")
    upload(d, "wordcount", name=f"{name}: upload")
    before = {job["jid"] for job in d.peek("/jobs/overview")["jobs"]}
    submitter = Driver(f"http://{d.host}:{d.port}", d.jars, str(d.variables["scratch"]))
    submitter.variables = d.variables
    body = {"savepointPath": f"file://{folder}", "programArgsList": ["--name", "held"]}
    thread = threading.Thread(
        target=submitter.step,
        args=("run", "POST", "/jars/{jar_wordcount}/run"),
        kwargs={"json_body": body, "timeout": 300},
    )
    thread.start()
    has_new_job = lambda body: any(job["jid"] not in before for job in body["jobs"])  # noqa: E731
    body = d.wait("/jobs/overview", has_new_job)
    d.variables["job"] = next(job["jid"] for job in body["jobs"] if job["jid"] not in before)
    try:
        yield
    finally:
        with open(folder / "_metadata", "wb"):
            pass
        thread.join()
        d.steps += [{**step, "suite": d.suite, "step": f"{name}: run"} for step in submitter.steps]


def initializing(d: Driver) -> None:
    with initializing_job(d, "initializing"):
        time.sleep(1)
        d.variables["v0"] = "cbc357ccb763df2852fee8c4fc7d55f2"
        reads(d, "initializing", "v0")
        operations(d, "initializing")
        d.step("initializing: overview", "GET", "/overview")
        d.step("initializing: jobs", "GET", "/jobs")
        d.step("initializing: applications/overview", "GET", "/applications/overview")
        d.step("initializing: application", "GET", "/applications/{job}")
        d.step("initializing: jobs/metrics", "GET", "/jobs/metrics")
        d.step("initializing: job/metrics?get", "GET", JOB + "/metrics", "get=numRestarts,uptime,downtime,fullRestarts")
    wait_state(d, d.variables["job"], has_ended)
    d.step("initializing: after", "GET", JOB)
    with initializing_job(d, "initializing to cancel"):
        d.step("initializing: cancel", "PATCH", JOB)
        time.sleep(0.5)
        d.step("initializing: status after cancel", "GET", JOB + "/status")
        d.step("initializing: list after cancel", "GET", "/jobs/overview")


def created(d: Driver) -> None:
    """Run a job with the adaptive scheduler and too few slots for its lower bounds."""
    start_job(d, "wordcount", "--name", "takes all slots", name="created: run the first", variable="first")
    start_job(
        d,
        "wordcount",
        "--par",
        "4",
        "--name",
        "second",
        name="created: run the second",
        variable="second",
        running=False,
    )
    start_job(d, "wordcount", "--par", "64", "--name", "too wide", name="created: run", running=False)
    time.sleep(1)
    d.variables["v0"] = "cbc357ccb763df2852fee8c4fc7d55f2"
    reads(d, "created", "v0")
    operations(d, "created")
    d.step("created: overview", "GET", "/overview")
    d.step("created: application", "GET", "/applications/{job}")
    d.step("created: cancel", "PATCH", JOB)
    time.sleep(0.5)
    d.step("created: status after cancel", "GET", JOB + "/status")
    d.step("created: CANCELED job", "GET", JOB)
