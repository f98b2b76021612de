"""Each page of Flink's own dashboard shows the jobs and processes of the cluster, without errors in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from flinkmock import FlinkMock
from tests.dashboard.browser import Browser
from tests.dashboard.conftest import StartCluster
from tests.timeouts import TEST_TIMEOUT_S

JARS = Path(__file__).parent.parent / "fidelity" / "jars" / "2.3.0"

JOB_PAGE = "/job/running/{orders}"
VERTEX_PAGE = JOB_PAGE + "/overview/{window}"
TASKMANAGER_PAGE = "/task-manager/{taskmanager}"

PAGES = {
    "/overview": ("Running Application List", "SingleJobApplication(orders)", "RUNNING", "FINISHED", "FAILED"),
    "/application/running": ("SingleJobApplication(orders)", "RUNNING"),
    "/application/completed": ("SingleJobApplication(price-import)", "FAILED", "FINISHED"),
    "/job/running": ("orders", "RUNNING"),
    "/job/completed": ("nightly-report", "FINISHED", "price-import", "FAILED"),
    JOB_PAGE + "/overview": (
        "orders",
        "window -> enrich",
        "Sink: warehouse",
        "HASH",
        "Backpressured (max): 0%",
        "Data Skew: 0%",
        "RUNNING",
    ),
    VERTEX_PAGE + "/detail": ("orders", "window -> enrich", "Parallelism"),
    VERTEX_PAGE + "/subtasks": ("Subtask Metrics", "Records Received", "RUNNING"),
    VERTEX_PAGE + "/taskmanagers": ("{endpoint}", "RUNNING"),
    VERTEX_PAGE + "/watermarks": ("SubTask", "Low Watermark"),
    VERTEX_PAGE + "/accumulators": ("late", "LongCounter"),
    VERTEX_PAGE + "/backpressure": ("Back Pressure Status", "OK"),
    VERTEX_PAGE + "/metrics": ("SubTasks",),
    VERTEX_PAGE + "/flamegraph": ("On-CPU", "org.apache.flink.streaming.runtime.tasks.StreamTask.invoke"),
    JOB_PAGE + "/checkpoints": ("Checkpoint Counts", "Triggered: 24", "Completed: 24", "/chk-"),
    JOB_PAGE + "/exceptions": ("orders", "No Root Exception"),
    JOB_PAGE + "/timeline": ("orders", "RUNNING", "Vertex TimeLine"),
    JOB_PAGE + "/configuration": ("Execution Configuration", "team", "checkout"),
    "/job/completed/{price-import}/overview": ("price-import", "FAILED", "Source: files", "CANCELED"),
    "/job/completed/{price-import}/exceptions": (
        "price-import",
        "Recovery is suppressed by NoRestartBackoffTimeStrategy",
        'java.lang.NumberFormatException: For input string: "12,5"',
    ),
    "/job/completed/{nightly-report}/overview": ("nightly-report", "FINISHED"),
    "/job/completed/{nightly-report}/timeline": ("nightly-report", "FINISHED", "Vertex TimeLine"),
    "/task-manager": ("{taskmanager}", "512 MB"),
    TASKMANAGER_PAGE + "/metrics": ("Framework Heap", "Network", "Garbage Collection", "G1_Young_Generation"),
    TASKMANAGER_PAGE + "/logs": ("org.apache.flink.runtime.taskexecutor.TaskManagerRunner",),
    TASKMANAGER_PAGE + "/stdout": ("{taskmanager}",),
    TASKMANAGER_PAGE + "/log-list": ("-taskexecutor-", ".log"),
    TASKMANAGER_PAGE + "/thread-dump": ("java.util.concurrent.locks.LockSupport.park",),
    "/job-manager/config": ("taskmanager.numberOfTaskSlots", "web.upload.dir"),
    "/job-manager/metrics": ("JVM (Heap/Non-Heap) Memory", "G1_Young_Generation"),
    "/job-manager/logs": ("StandaloneSessionClusterEntrypoint",),
    "/job-manager/stdout": ("Log List",),
    "/job-manager/log": ("-standalonesession-0-", ".out"),
    "/job-manager/thread-dump": ("java.util.concurrent.locks.LockSupport.park",),
    "/submit": ("Uploaded Jars", "No Data"),
}
"""Address of a page -> texts that it must show. Names in braces stand for the values of `ids_by_name`."""


def ids_by_name(cluster: FlinkMock) -> dict[str, str]:
    """Return the values of the names in braces in PAGES: ids of jobs, a vertex and a TaskManager, and an endpoint."""
    jobs = {job["name"]: job["jid"] for job in get_json(cluster, "/jobs/overview")["jobs"]}
    vertices = get_json(cluster, f"/jobs/{jobs['orders']}")["vertices"]
    window = next(vertex["id"] for vertex in vertices if vertex["name"].startswith("window"))
    subtask = get_json(cluster, f"/jobs/{jobs['orders']}/vertices/{window}")["subtasks"][0]
    endpoint = subtask.get("endpoint") or subtask["host"]  # `endpoint` is new in 2.0
    return {**jobs, "window": window, "taskmanager": subtask["taskmanager-id"], "endpoint": endpoint}


def get_json(cluster: FlinkMock, path: str) -> Any:
    return requests.get(cluster.url + path, timeout=TEST_TIMEOUT_S).json()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_the_cluster_without_errors(start_cluster: StartCluster, browser: Browser, page: str) -> None:
    cluster = start_cluster("2.3")
    ids = ids_by_name(cluster)
    browser.open(f"{cluster.url}/#{page.format(**ids)}")
    browser.wait_for(*(text.format(**ids) if text.startswith("{") else text for text in PAGES[page]))
    assert browser.take_errors() == []


def test_a_job_is_submitted_and_cancelled(start_cluster: StartCluster, browser: Browser) -> None:
    cluster = start_cluster("2.3")
    browser.open(f"{cluster.url}/#/submit")
    browser.wait_for("Add New", "No Data")
    browser.driver.find_element("css selector", "input[type=file]").send_keys(str(JARS / "wordcount.jar"))
    browser.wait_for("wordcount.jar", "org.example.jobs.WordCount")

    browser.click("td", "wordcount.jar")
    browser.wait_for("Show Plan", "Submit")
    browser.click("button", "Show Plan")
    browser.wait_for("Plan Visualization", "Parallelism: 1", "FORWARD")
    browser.click(".ant-drawer-close")

    browser.click("button", "Submit")
    browser.wait_for("Cancel Job", "Job State RUNNING", "Source: source", "Sink: sink")
    job_id = browser.driver.current_url.split("/")[-2]
    assert get_json(cluster, f"/jobs/{job_id}/status") == {"status": "RUNNING"}
    browser.click("a", "Cancel Job")
    browser.click(".ant-popover button", "Yes")
    browser.wait_for("Job State CANCELED")
    assert get_json(cluster, f"/jobs/{job_id}/status") == {"status": "CANCELED"}

    browser.driver.get(f"{cluster.url}/#/submit")
    browser.click("a", "Delete")
    browser.click(".ant-popover button", "OK")
    browser.wait_for("Uploaded Jars", "No Data")
    assert get_json(cluster, "/jars")["files"] == []
    assert browser.take_errors() == []


@pytest.mark.parametrize("release", ["1.20", "1.12"])
def test_the_dashboards_of_older_releases_show_the_jobs_without_errors(
    start_cluster: StartCluster, browser: Browser, release: str
) -> None:
    cluster = start_cluster(release)
    ids = ids_by_name(cluster)
    browser.open(f"{cluster.url}/#/overview")
    browser.wait_for(
        "Running Job List", "orders", "RUNNING", "Completed Job List", "price-import", "FAILED", "FINISHED"
    )
    folder = "job" if release == "1.12" else "job/running"
    job_url = f"{cluster.url}/#/{folder}/{ids['orders']}"
    for page, text in {
        "overview": "window -> enrich",
        "overview/{window}/subtasks": "RUNNING",
        "checkpoints": "Triggered: 24",
        "timeline": "TimeLine",
        "configuration": "checkout",
    }.items():
        browser.driver.get("about:blank")
        browser.driver.get(f"{job_url}/{page.format(**ids)}")
        browser.wait_for("orders", text)
    browser.driver.get(f"{cluster.url}/#/task-manager/{ids['taskmanager']}/metrics")
    browser.wait_for(ids["taskmanager"], "Garbage Collection")
    assert browser.take_errors() == []
