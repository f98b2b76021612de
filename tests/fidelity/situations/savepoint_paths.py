"""Unusual directories and paths of savepoints."""

from __future__ import annotations

import time
from pathlib import Path

from tests.fidelity.driver import Driver
from tests.fidelity.job_steps import (
    cancel,
    has_ended,
    job_meets,
    poll_operation,
    start_job,
    trigger,
    wait_for_checkpoints,
)
from tests.fidelity.situations.common_steps import JOB


def savepoint_directories(driver: Driver) -> None:
    """Take savepoints, with and without stopping the job, in unusual directories."""
    start_job(driver, "wordcount", "--name", "oracle word count", name="directories: run")
    wait_for_checkpoints(driver, 1)
    targets = {
        "empty": "", "blank": " ", "relative": "relative/dir", "relative with scheme": "file:relative/dir",
        "without scheme": "{scratch}/plain", "root": "/", "unwritable": "/proc/nope", "trailing slash": "{scratch}/sp/",
        "two slashes": "file://{scratch}", "host": "file://host/dir", "hdfs": "hdfs://namenode:8020/sp",
        "s3": "s3://bucket/sp", "s3a": "s3a://bucket/sp", "gs": "gs://bucket/sp", "abfss": "abfss://c@a.dfs/sp",
        "nosuch": "nosuch://x/sp", "colon": "a:b", "only scheme": "file:", "file": "{scratch}/afile",
        "spaces": "{scratch}/a b", "percent": "file://{scratch}/a%20b", "under a file": "{scratch}/afile/sub", "http": "http://example.org/sp",
    }  # fmt: skip
    scratch = Path(str(driver.variables["scratch"]))
    scratch.mkdir(exist_ok=True, parents=True)
    (scratch / "afile").write_text("x")
    for label, target in targets.items():
        body = {"cancel-job": False, "target-directory": target}
        if trigger(driver, f"directories: {label}", "POST", JOB + "/savepoints", json_body=body):
            poll_operation(driver, f"directories: poll {label}", JOB + "/savepoints/{trigger}")
    for label in ("empty", "relative", "hdfs", "nosuch", "unwritable", "file"):
        body = {"drain": False, "targetDirectory": targets[label]}
        if driver.peek("/jobs/overview") and trigger(  # the JobManager may have crashed
            driver, f"directories: stop {label}", "POST", JOB + "/stop", json_body=body
        ):
            poll_operation(driver, f"directories: poll stop {label}", JOB + "/savepoints/{trigger}")
            time.sleep(0.3)
            driver.step(f"directories: after stop {label}", "GET", "/jobs/overview")
            driver.step(f"directories: status after stop {label}", "GET", JOB + "/status")
            if job_meets(driver.variables["job"], has_ended)(driver.peek("/jobs/overview")):
                start_job(driver, "wordcount", "--name", "oracle word count", name=f"directories: run after {label}")
                wait_for_checkpoints(driver, 1)
    driver.step("directories: checkpoints", "GET", JOB + "/checkpoints")
    driver.step("directories: exceptions", "GET", JOB + "/exceptions")


PATHS_WITHOUT_SAVEPOINT = {
    "empty": "", "blank": " ", "relative": "relative/dir", "relative with scheme": "file:relative/dir",
    "without scheme": "/nosuch/dir", "three slashes": "file:///nosuch/dir", "host": "file://host/dir", "s3": "s3://b/sp",
    "hdfs": "hdfs://n/sp", "nosuch": "nosuch://x/sp", "only scheme": "file:", "digit": "1s://x/y", "proc": "/proc",
    "its directory": "{scratch}/sp", "its directory with slash": "file://{scratch}/sp/",
}  # fmt: skip
"""The paths by label. The names of their steps end with the label. "its directory" is that of the savepoint `good`."""


def savepoint_paths(driver: Driver) -> None:
    """Take savepoints in further directories; then restore jobs from, and dispose of, paths without a savepoint."""
    start_job(driver, "wordcount", "--name", "oracle word count", name="paths: run")
    wait_for_checkpoints(driver, 1)
    unusual_targets = {
        "drive": "c:/x", "drive and name": "a:b/c", "dots": "file:{scratch}/a/../b", "parent": "../parent",
        "dot": "./dot", "backslash": "back\\slash", "many slashes": "file:///{scratch}//many///slashes",
        "upper case": "FILE:/x", "no bucket": "s3://", "no scheme": ":x", "digit": "1s://x/y",
        "blank in scheme": "fi le:/x", "query": "{scratch}/q?x=1#f",
        "only slashes": "file://", "opaque": "nosuch:b", "proc": "/proc", "sys": "/sys/x", "device": "/dev/null/x",
        "dots to proc": "file:/proc/x/../y", "bracket": "nosuch://h[x/y", "long name": "x" * 300,
    }  # fmt: skip
    for label, target in {**unusual_targets, "good": "{scratch}/sp"}.items():
        body = {"cancel-job": False, "target-directory": target}
        if trigger(driver, f"paths: savepoint {label}", "POST", JOB + "/savepoints", json_body=body):
            poll_operation(driver, f"paths: poll savepoint {label}", JOB + "/savepoints/{trigger}")
    cancel(driver)
    for label, path in PATHS_WITHOUT_SAVEPOINT.items():
        body = {"savepointPath": path, "programArgsList": ["--name", "restored"]}
        driver.step(f"paths: run {label}", "POST", "/jars/{jar_wordcount}/run", json_body=body)
        if trigger(
            driver, f"paths: dispose {label}", "POST", "/savepoint-disposal", json_body={"savepoint-path": path}
        ):
            poll_operation(driver, f"paths: poll dispose {label}", "/savepoint-disposal/{trigger}")
