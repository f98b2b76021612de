"""A job that needs more slots than there are."""

from __future__ import annotations

import time

from tests.fidelity.driver import Body, Driver
from tests.fidelity.job_steps import job_describer, start_job
from tests.fidelity.situations.common_steps import JOB, JOB_CACHE_S

START_UP_TIME_S, SLOT_TIMEOUT_S = 60, 15
OPTIONS = (
    f"resourcemanager.standalone.start-up-time: {START_UP_TIME_S * 1000}",
    f"slot.request.timeout: {SLOT_TIMEOUT_S * 1000}",
)


def waiting_for_slots(driver: Driver) -> None:
    """Run the job until it fails, first in a new cluster ("young"), then again ("old").

    The start-up time of the cluster may end during the first run. It is over, or about to end, before the second run.
    """
    describe_job = job_describer(driver)

    def has_failed(body: Body) -> bool:
        return describe_job(body).startswith("FAILED")

    for name in ("young", "old"):
        start_job(driver, "wordcount", "--par", "64", "--name", "too wide", name=f"{name}: run", wait=False)
        driver.step(f"{name}: job", "GET", JOB)
        driver.poll(f"{name}: timeline", "/jobs/overview", describe_job, has_failed, timeout=START_UP_TIME_S * 2)
        driver.step(f"{name}: exceptions", "GET", JOB + "/exceptions")
        time.sleep(JOB_CACHE_S)
        driver.step(f"{name}: FAILED job", "GET", JOB)
        driver.step(f"{name}: FAILED exceptions", "GET", JOB + "/exceptions")
        driver.step(f"{name}: FAILED execution-result", "GET", JOB + "/execution-result")
        driver.step(f"{name}: FAILED vertex", "GET", JOB + "/vertices/{v1}/subtasks/0")
        driver.step(f"{name}: overview", "GET", "/overview")
