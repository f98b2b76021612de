"""Situations in which a stop with a savepoint fails, or an application fails or starts no job."""

from __future__ import annotations

import time

from tests.fidelity.distribution import release_of
from tests.fidelity.driver import Driver
from tests.fidelity.job_steps import (
    are_all_tasks_running,
    cancel_all_jobs,
    has_ended,
    job_describer,
    job_meets,
    poll_operation,
    set_vertex_variables,
    trigger,
    upload,
    wait_for_checkpoints,
    wait_for_job,
)
from tests.fidelity.situations.common_steps import JOB, JOB_CACHE_S


def failing_stop(driver: Driver) -> None:
    """Stop a job whose task fails after the savepoint has completed, without and with a restart strategy."""
    options_by_label: dict[str, dict[str, str]] = {
        "none": {"restart-strategy.type": "none", "restart-strategy": "none"},
        "restarts": {},
    }
    for label, options in options_by_label.items():
        # POST /jars/:jarid/run has the field flinkConfiguration since 1.17
        if label == "none" and release_of(str(driver.peek("/config")["flink-version"])) < (1, 17):
            continue
        upload(driver, "stopfails", name=f"failing stop {label}: upload")
        run_body = {"flinkConfiguration": options} if options else {}
        response = driver.step(f"failing stop {label}: run", "POST", "/jars/{jar_stopfails}/run", json_body=run_body)
        driver.variables["job"] = response["jobid"]
        wait_for_job(driver, driver.variables["job"], are_all_tasks_running)
        set_vertex_variables(driver)
        wait_for_checkpoints(driver, 1)
        body = {"drain": False, "targetDirectory": "file://{scratch}/sp"}
        trigger(driver, f"failing stop {label}: stop", "POST", JOB + "/stop", json_body=body)
        poll_operation(driver, f"failing stop {label}: poll stop", JOB + "/savepoints/{trigger}")
        has_recovered_or_ended = job_meets(
            driver.variables["job"], has_ended if label == "none" else are_all_tasks_running
        )
        driver.poll(
            f"failing stop {label}: timeline",
            "/jobs/overview",
            job_describer(driver),
            has_recovered_or_ended,
            timeout=20,
        )
        time.sleep(JOB_CACHE_S)
        driver.step(f"failing stop {label}: job", "GET", JOB)
        driver.step(f"failing stop {label}: exceptions", "GET", JOB + "/exceptions")
        driver.step(f"failing stop {label}: checkpoints", "GET", JOB + "/checkpoints")
        cancel_all_jobs(driver)


def failing_applications(driver: Driver) -> None:
    """Run applications whose main method throws, or starts no job."""
    for jar in ("mainthrows", "noexecute"):
        upload(driver, jar, name=f"applications: upload {jar}")
        response = driver.step(f"applications: run {jar}", "POST", f"/jars/{{jar_{jar}}}/run-application", json_body={})
        driver.variables["app"] = response["applicationid"]
        time.sleep(2)
        driver.step(f"applications: {jar}", "GET", "/applications/{app}")
        driver.step(f"applications: {jar} exceptions", "GET", "/applications/{app}/exceptions")
