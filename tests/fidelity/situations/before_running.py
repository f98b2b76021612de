"""Jobs that are INITIALIZING or CREATED."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tests.fidelity.driver import Driver
from tests.fidelity.job_steps import has_ended, start_job, upload, wait_for_job
from tests.fidelity.situations.common_steps import JOB, read_job, trigger_operations

SOURCE_ID = "cbc357ccb763df2852fee8c4fc7d55f2"
"""The id of the first vertex of wordcount.jar; a job that is INITIALIZING lists no vertices."""


@contextlib.contextmanager
def job_held_initializing(driver: Driver, name: str) -> Iterator[None]:
    """Keep a job INITIALIZING: the metadata file of its savepoint is a named pipe without a writer.

    The variable {job} is the id of the job. `name` is the beginning of the names of the steps.
    """
    folder = Path(str(driver.variables["scratch"]), name)
    folder.mkdir(parents=True)
    os.mkfifo(folder / "_metadata")
    upload(driver, "wordcount", name=f"{name}: upload")
    old_ids = {job["jid"] for job in driver.peek("/jobs/overview")["jobs"]}
    submitter = Driver(f"http://{driver.host}:{driver.port}", driver.jar_folder, str(driver.variables["scratch"]))
    submitter.variables = driver.variables
    body = {"savepointPath": f"file://{folder}", "programArgsList": ["--name", "held"]}
    thread = threading.Thread(
        target=submitter.step,
        args=("run", "POST", "/jars/{jar_wordcount}/run"),
        kwargs={"json_body": body, "timeout": 300},
    )
    thread.start()
    jobs = driver.wait("/jobs/overview", lambda body: any(job["jid"] not in old_ids for job in body["jobs"]))["jobs"]
    driver.variables["job"] = next(job["jid"] for job in jobs if job["jid"] not in old_ids)
    try:
        yield
    finally:
        with open(folder / "_metadata", "wb"):
            pass  # the job reads an empty file, and fails
        thread.join()
        driver.steps += [{**step, "suite": driver.suite, "step": f"{name}: run"} for step in submitter.steps]


def initializing_job(driver: Driver) -> None:
    """Read a job that is INITIALIZING, and cancel another one."""
    with job_held_initializing(driver, "initializing"):
        time.sleep(1)
        driver.variables["v0"] = SOURCE_ID
        read_job(driver, "initializing", "v0")
        trigger_operations(driver, "initializing")
        driver.step("initializing: overview", "GET", "/overview")
        driver.step("initializing: jobs", "GET", "/jobs")
        driver.step("initializing: applications/overview", "GET", "/applications/overview")
        driver.step("initializing: application", "GET", "/applications/{job}")
        driver.step("initializing: jobs/metrics", "GET", "/jobs/metrics")
        driver.step(
            "initializing: job/metrics?get", "GET", JOB + "/metrics", "get=numRestarts,uptime,downtime,fullRestarts"
        )
    wait_for_job(driver, driver.variables["job"], has_ended)
    driver.step("initializing: after", "GET", JOB)
    with job_held_initializing(driver, "initializing to cancel"):
        driver.step("initializing: cancel", "PATCH", JOB)
        time.sleep(0.5)
        driver.step("initializing: status after cancel", "GET", JOB + "/status")
        driver.step("initializing: list after cancel", "GET", "/jobs/overview")


def created_job(driver: Driver) -> None:
    """Read a job that stays CREATED, because the adaptive scheduler lacks the slots that it needs."""
    start_job(driver, "wordcount", "--name", "takes all slots", name="created: run the first", variable="first")
    start_job(
        driver,
        "wordcount",
        "--par",
        "4",
        "--name",
        "second",
        name="created: run the second",
        variable="second",
        wait=False,
    )
    start_job(driver, "wordcount", "--par", "64", "--name", "too wide", name="created: run", wait=False)
    time.sleep(1)
    driver.variables["v0"] = SOURCE_ID
    read_job(driver, "created", "v0")
    trigger_operations(driver, "created")
    driver.step("created: overview", "GET", "/overview")
    driver.step("created: application", "GET", "/applications/{job}")
    driver.step("created: cancel", "PATCH", JOB)
    time.sleep(0.5)
    driver.step("created: status after cancel", "GET", JOB + "/status")
    driver.step("created: CANCELED job", "GET", JOB)
