"""Records the situations of `tests/situations/VERSION.json.gz` from a real Flink.

    python -m tests.fidelity.situations 2.3.0 --home flink-2.3.0

Waiting for slots, batch jobs, a finished vertex in a running job, odd savepoint directories, jobs that are INITIALIZING
or CREATED, ended jobs that are forgotten. They take some three minutes of real time, so tests put the fake into the
same situations on a virtual clock (`tests/situations/`) instead of playing them.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.fidelity.distribution import flink_home, java_for, minor_of
from tests.fidelity.driver import Body, Driver
from tests.fidelity.flink import real_cluster
from tests.fidelity.jobs import (
    all_tasks_run,
    cancel,
    has_ended,
    learn_taskmanager,
    learn_vertices,
    poll_operation,
    settle,
    start_job,
    trigger,
    upload,
    wait_checkpoints,
    wait_state,
)
from tests.fidelity.real import jars_for
from tests.fidelity.recordings import load, save, scrubbed
from tests.fidelity.suites.gets import JOB_GETS, VERTEX_GETS, get_all

SITUATIONS = Path(__file__).parent.parent / "situations"
JOB = "/jobs/{job}"
START_UP_S, SLOT_TIMEOUT_S, KEPT_S = 60, 15, 20
OPTIONS = (
    f"resourcemanager.standalone.start-up-time: {START_UP_S * 1000}",
    f"slot.request.timeout: {SLOT_TIMEOUT_S * 1000}",
)
SITUATION_NAMES = (
    "waiting",
    "batch",
    "partly",
    "directories",
    "paths",
    "failing_stop",
    "applications",
    "initializing",
    "created",
    "forgotten",
)
FORGETS = (f"jobstore.expiration-time: {KEPT_S}",)


def listed(d: Driver, variable: str = "job") -> Callable[[Body], str]:
    """The state of a job in `/jobs/overview` and its tasks, "gone" if it is not there."""

    def state(body: Body) -> str:
        job = next((job for job in body["jobs"] if job["jid"] == d.variables[variable]), None)
        if job is None:
            return "gone"
        return f"{job['state']} " + ",".join(f"{name}={count}" for name, count in job["tasks"].items() if count)

    return state


def waiting(d: Driver) -> None:
    """A young cluster, then one older than its start-up time."""
    for name in ("young", "old"):
        start_job(d, "wordcount", "--par", "64", "--name", "too wide", name=f"{name}: run", running=False)
        d.step(f"{name}: job", "GET", JOB)
        failed = lambda body: listed(d)(body).startswith("FAILED")  # noqa: E731
        d.poll(f"{name}: timeline", "/jobs/overview", listed(d), failed, timeout=START_UP_S * 2)
        d.step(f"{name}: exceptions", "GET", JOB + "/exceptions", text_limit=20_000)
        time.sleep(3.2)
        d.step(f"{name}: FAILED job", "GET", JOB)
        d.step(f"{name}: FAILED exceptions", "GET", JOB + "/exceptions", text_limit=20_000)
        d.step(f"{name}: FAILED execution-result", "GET", JOB + "/execution-result", text_limit=20_000)
        d.step(f"{name}: FAILED vertex", "GET", JOB + "/vertices/{v1}/subtasks/0")
        d.step(f"{name}: overview", "GET", "/overview")


def operations(d: Driver, label: str) -> None:
    """Savepoint, stop and checkpoint, and how they end."""
    body = {"cancel-job": False, "target-directory": "file://{scratch}/sp"}
    trigger(d, f"{label}: savepoint", "POST", JOB + "/savepoints", json_body=body)
    poll_operation(d, f"{label}: poll savepoint", JOB + "/savepoints/{trigger}")
    body = {"drain": False, "targetDirectory": "file://{scratch}/sp"}
    trigger(d, f"{label}: stop", "POST", JOB + "/stop", json_body=body)
    poll_operation(d, f"{label}: poll stop", JOB + "/savepoints/{trigger}")
    if trigger(d, f"{label}: checkpoint", "POST", JOB + "/checkpoints", json_body={}):
        poll_operation(d, f"{label}: poll checkpoint", JOB + "/checkpoints/{trigger}")
    requirements = {"parallelism": {"lowerBound": 1, "upperBound": 1}}
    d.step(
        f"{label}: put resource-requirements", "PUT", JOB + "/resource-requirements",
        json_body={d.variables.get("v0", "none"): requirements},
    )  # fmt: skip


def reads(d: Driver, label: str, vertex: str | None = None) -> None:
    get_all(d, f"{label}: job", JOB, JOB_GETS)
    d.step(f"{label}: checkpoint details", "GET", JOB + "/checkpoints/details/1")
    if vertex:
        d.step(f"{label}: checkpoint subtasks", "GET", f"{JOB}/checkpoints/details/1/subtasks/{{{vertex}}}")
        get_all(d, f"{label}: vertex", f"{JOB}/vertices/{{{vertex}}}", VERTEX_GETS)
    d.step(f"{label}: jobs/overview", "GET", "/jobs/overview")


def batch(d: Driver) -> None:
    learn_taskmanager(d)
    start_job(d, "finite", "--batch", "true", "--count", "900", "--name", "batch", name="batch: run", running=False)
    wait_state(d, d.variables["job"], lambda job: job["tasks"]["running"] > 0)
    time.sleep(1)
    grow = lambda b: f"{len(b['vertices'])} {b.get('pending-operators')} {','.join(v['status'] for v in b['vertices'])}"  # noqa: E731
    learn_vertices(d)
    d.step("batch: first", "GET", JOB)
    operations(d, "batch")
    reads(d, "batch", "v0")
    d.poll("batch: timeline", JOB, grow, lambda b: b["state"] == "FINISHED", timeout=40)
    d.step("batch: list after the end", "GET", "/jobs/overview")
    learn_vertices(d)
    reads(d, "batch FINISHED", "v0")
    start_job(
        d, "finite", "--batch", "true", "--count", "100", "--name", "batch", name="batch: run again", running=False
    )
    wait_state(d, d.variables["job"], lambda job: job["tasks"]["running"] > 0)
    time.sleep(0.5)
    cancel(d)
    d.step("batch: CANCELED", "GET", JOB)
    d.step("batch: CANCELED list", "GET", "/jobs/overview")


def partly(d: Driver) -> None:
    start_job(d, "partlyfinished", name="partly: run")
    wait_state(d, d.variables["job"], lambda job: job["tasks"]["finished"] == 1)
    time.sleep(13)
    learn_vertices(d)
    body = d.peek(JOB)
    d.variables["once"] = next(v["id"] for v in body["vertices"] if v["name"].endswith("once"))
    d.peek(f"{JOB}/vertices/{{once}}/metrics")
    d.peek(f"{JOB}/vertices/{{once}}/backpressure")
    time.sleep(1)
    reads(d, "partly", "once")
    newest = d.peek(JOB + "/checkpoints")["history"]
    d.variables["cp"] = next(c["id"] for c in newest if c["status"] != "IN_PROGRESS")
    d.step("partly: newest checkpoint", "GET", JOB + "/checkpoints/details/{cp}")
    d.step("partly: newest checkpoint of once", "GET", JOB + "/checkpoints/details/{cp}/subtasks/{once}")
    learn_taskmanager(d)
    d.step("partly: taskmanager", "GET", "/taskmanagers/{tm}")
    d.step("partly: accumulated", "GET", JOB + "/metrics", "get=runningTime,numRunningTasks")
    operations(d, "partly")


def directories(d: Driver) -> None:
    """Savepoint directories: empty, relative, unwritable, without scheme, of another file system."""
    start_job(d, "wordcount", "--name", "oracle word count", name="directories: run")
    wait_checkpoints(d, 1)
    targets = {
        "empty": "", "blank": " ", "relative": "relative/dir", "relative with scheme": "file:relative/dir",
        "without scheme": "{scratch}/plain", "root": "/", "unwritable": "/proc/nope", "trailing slash": "{scratch}/sp/",
        "two slashes": "file://{scratch}", "host": "file://host/dir", "hdfs": "hdfs://namenode:8020/sp",
        "s3": "s3://bucket/sp", "s3a": "s3a://bucket/sp", "gs": "gs://bucket/sp", "abfss": "abfss://c@a.dfs/sp",
        "nosuch": "nosuch://x/sp", "colon": "a:b", "only scheme": "file:", "file": "{scratch}/afile",
        "spaces": "{scratch}/a b", "percent": "file://{scratch}/a%20b", "under a file": "{scratch}/afile/sub", "http": "http://example.org/sp",
    }  # fmt: skip
    scratch = Path(str(d.variables["scratch"]))
    scratch.mkdir(exist_ok=True, parents=True)
    (scratch / "afile").write_text("x")
    for label, target in targets.items():
        body = {"cancel-job": False, "target-directory": target}
        if trigger(d, f"directories: {label}", "POST", JOB + "/savepoints", json_body=body):
            poll_operation(d, f"directories: poll {label}", JOB + "/savepoints/{trigger}")
    for label in ("empty", "relative", "hdfs", "nosuch", "unwritable", "file"):
        body = {"drain": False, "targetDirectory": targets[label]}
        if d.peek("/jobs/overview") and trigger(d, f"directories: stop {label}", "POST", JOB + "/stop", json_body=body):
            poll_operation(d, f"directories: poll stop {label}", JOB + "/savepoints/{trigger}")
            time.sleep(0.3)
            d.step(f"directories: after stop {label}", "GET", "/jobs/overview")
            d.step(f"directories: status after stop {label}", "GET", JOB + "/status")
            job = next(j for j in d.peek("/jobs/overview")["jobs"] if j["jid"] == d.variables["job"])
            if has_ended(job):
                start_job(d, "wordcount", "--name", "oracle word count", name=f"directories: run after {label}")
                wait_checkpoints(d, 1)
    d.step("directories: checkpoints", "GET", JOB + "/checkpoints")
    d.step("directories: exceptions", "GET", JOB + "/exceptions")


PATHS = {
    "empty": "", "blank": " ", "relative": "relative/dir", "relative with scheme": "file:relative/dir",
    "without scheme": "/nosuch/dir", "three slashes": "file:///nosuch/dir", "host": "file://host/dir", "s3": "s3://b/sp",
    "hdfs": "hdfs://n/sp", "nosuch": "nosuch://x/sp", "only scheme": "file:", "digit": "1s://x/y", "proc": "/proc",
    "its directory": "{scratch}/sp", "its directory with slash": "file://{scratch}/sp/",
}  # fmt: skip
"""Paths without a savepoint."""


def paths(d: Driver) -> None:
    """Jobs are restored from paths without a savepoint, and these are disposed."""
    start_job(d, "wordcount", "--name", "oracle word count", name="paths: run")
    wait_checkpoints(d, 1)
    odd = {
        "drive": "c:/x", "drive and name": "a:b/c", "dots": "file:{scratch}/a/../b", "parent": "../parent",
        "dot": "./dot", "backslash": "back\\slash", "many slashes": "file:///{scratch}//many///slashes",
        "upper case": "FILE:/x", "no bucket": "s3://", "no scheme": ":x", "digit": "1s://x/y",
        "blank in scheme": "fi le:/x", "query": "{scratch}/q?x=1#f",
        "only slashes": "file://", "opaque": "nosuch:b", "proc": "/proc", "sys": "/sys/x", "device": "/dev/null/x",
        "dots to proc": "file:/proc/x/../y", "bracket": "nosuch://h[x/y", "long name": "x" * 300,
    }  # fmt: skip
    for label, target in {**odd, "good": "{scratch}/sp"}.items():
        body = {"cancel-job": False, "target-directory": target}
        if trigger(d, f"paths: savepoint {label}", "POST", JOB + "/savepoints", json_body=body):
            poll_operation(d, f"paths: poll savepoint {label}", JOB + "/savepoints/{trigger}")
    cancel(d)
    for label, path in PATHS.items():
        run = {"savepointPath": path, "programArgsList": ["--name", "restored"]}
        d.step(f"paths: run {label}", "POST", "/jars/{jar_wordcount}/run", json_body=run, text_limit=20_000)
        if trigger(d, f"paths: dispose {label}", "POST", "/savepoint-disposal", json_body={"savepoint-path": path}):
            poll_operation(d, f"paths: poll dispose {label}", "/savepoint-disposal/{trigger}")


def failing_stop(d: Driver) -> None:
    """A stop that leaves a savepoint and a job that fails, or is restarted with a restart strategy."""
    restart = {"none": {"restart-strategy.type": "none", "restart-strategy": "none"}, "restarts": {}}
    for label, options in restart.items():
        if label == "none" and minor_of(str(d.peek("/config")["flink-version"])) < (1, 17):
            continue
        upload(d, "stopfails", name=f"failing stop {label}: upload")
        body = {"flinkConfiguration": options} if options else {}
        response = d.step(f"failing stop {label}: run", "POST", "/jars/{jar_stopfails}/run", json_body=body)
        d.variables["job"] = response["jobid"]
        wait_state(d, d.variables["job"], all_tasks_run)
        learn_vertices(d)
        wait_checkpoints(d, 1)
        body = {"drain": False, "targetDirectory": "file://{scratch}/sp"}
        trigger(d, f"failing stop {label}: stop", "POST", JOB + "/stop", json_body=body)
        poll_operation(d, f"failing stop {label}: poll stop", JOB + "/savepoints/{trigger}")
        until = has_ended if label == "none" else all_tasks_run
        d.poll(
            f"failing stop {label}: timeline", "/jobs/overview", listed(d),
            lambda b, until=until: any(until(j) for j in b["jobs"] if j["jid"] == d.variables["job"]), timeout=20,
        )  # fmt: skip
        time.sleep(3.2)
        d.step(f"failing stop {label}: job", "GET", JOB)
        d.step(f"failing stop {label}: exceptions", "GET", JOB + "/exceptions", text_limit=20_000)
        d.step(f"failing stop {label}: checkpoints", "GET", JOB + "/checkpoints")
        settle(d)


def applications(d: Driver) -> None:
    """Applications whose main method throws, or starts no job."""
    for kind in ("mainthrows", "noexecute"):
        upload(d, kind, name=f"applications: upload {kind}")
        response = d.step(f"applications: run {kind}", "POST", f"/jars/{{jar_{kind}}}/run-application", json_body={})
        d.variables["app"] = response["applicationid"]
        time.sleep(2)
        d.step(f"applications: {kind}", "GET", "/applications/{app}")
        d.step(f"applications: {kind} exceptions", "GET", "/applications/{app}/exceptions", text_limit=20_000)


@contextlib.contextmanager
def held(d: Driver, name: str) -> Iterator[None]:
    """A job that is INITIALIZING, because the metadata of its savepoint is a pipe that nobody writes to."""
    folder = Path(str(d.variables["scratch"]), name)
    folder.mkdir(parents=True)
    os.mkfifo(folder / "_metadata")
    upload(d, "wordcount", name=f"{name}: upload")
    before = {job["jid"] for job in d.peek("/jobs/overview")["jobs"]}
    run = Driver(f"http://{d.host}:{d.port}", d.jars, str(d.variables["scratch"]))
    run.variables = d.variables
    body = {"savepointPath": f"file://{folder}", "programArgsList": ["--name", "held"]}
    thread = threading.Thread(
        target=run.step, args=("run", "POST", "/jars/{jar_wordcount}/run"), kwargs={"json_body": body, "timeout": 300}
    )
    thread.start()
    new = lambda body: any(job["jid"] not in before for job in body["jobs"])  # noqa: E731
    body = d.wait("/jobs/overview", new)
    d.variables["job"] = next(job["jid"] for job in body["jobs"] if job["jid"] not in before)
    try:
        yield
    finally:
        with open(folder / "_metadata", "wb"):
            pass
        thread.join()
        d.steps += [{**step, "suite": d.suite, "step": f"{name}: run"} for step in run.steps]


def initializing(d: Driver) -> None:
    with held(d, "initializing"):
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
    with held(d, "initializing to cancel"):
        d.step("initializing: cancel", "PATCH", JOB)
        time.sleep(0.5)
        d.step("initializing: status after cancel", "GET", JOB + "/status")
        d.step("initializing: list after cancel", "GET", "/jobs/overview")


def created(d: Driver) -> None:
    """The adaptive scheduler, without slots for the lower bounds."""
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


def forgotten(d: Driver) -> None:
    start_job(d, "finite", "--count", "20", "--name", "soon gone", name="forgotten: run", running=False)
    wait_state(d, d.variables["job"], has_ended)
    ended = time.time()
    job = d.variables["job"]
    views = {
        "jobs/overview": ("/jobs/overview", listed(d)),
        "jobs": ("/jobs", lambda b: next((j["status"] for j in b["jobs"] if j["id"] == job), "gone")),
        "job": (JOB, lambda b: b["state"]),
        "status": (JOB + "/status", lambda b: b["status"]),
        "execution-result": (JOB + "/execution-result", lambda b: b["status"]["id"]),
        "checkpoints": (JOB + "/checkpoints", lambda b: "there"),
        "exceptions": (JOB + "/exceptions", lambda b: "there"),
        "overview": ("/overview", lambda b: f"finished={b['jobs-finished']}"),
        "applications/overview": (
            "/applications/overview",
            lambda b: ",".join(a["id"] for a in b["applications"]).replace(job, "there"),
        ),
        "application": ("/applications/{job}", lambda b: b["status"]),
    }
    rows = {
        name: d.entry(f"forgotten: {name} timeline", {"method": "GET", "path": path}) | {"timeline": [], "polls": 0}
        for name, (path, _) in views.items()
    }
    while time.time() < ended + KEPT_S * 3.5:
        for name, (path, state) in views.items():
            response, body = d.exchange("GET", d.fill(path))
            rows[name]["polls"] += 1
            rows[name]["response"] = response
            d.note(rows[name], ended, response, body, state)
        time.sleep(0.2)
    for row in rows.values():
        d.keep(row, ended)
    for path in (
        "",
        "/config",
        "/plan",
        "/metrics",
        "/accumulators",
        "/vertices/{v0}",
        "/vertices/{v0}/metrics",
        "/checkpoints/config",
    ):
        d.step(f"forgotten: job{path}", "GET", JOB + path)
    d.step("forgotten: cancel", "PATCH", JOB)
    d.step("forgotten: cancel application", "POST", "/applications/{job}/cancel")
    d.step("forgotten: application", "GET", "/applications/{job}")
    d.step("forgotten: overview", "GET", "/overview")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", help="a release with its patch number, e.g. 2.3.0")
    parser.add_argument("--home", type=Path, help="a distribution (lib, bin, …); else it is downloaded")
    parser.add_argument("--java", help="the java to run it on")
    parser.add_argument(
        "--only", default=",".join(SITUATION_NAMES), help="names, comma separated; default: %(default)s"
    )
    args = parser.parse_args()
    chosen = args.only.split(",")
    home, java = args.home or flink_home(args.version), args.java or java_for(args.version)
    sessions: list[tuple[tuple[str, ...], tuple[Callable[[Driver], None], ...]]] = [
        (OPTIONS, (waiting, batch, partly, directories, paths, failing_stop, applications, initializing)),
        (("jobmanager.scheduler: adaptive",), (created,)),
        (FORGETS, (forgotten,)),
    ]
    steps = []
    for options, situations in sessions:
        if not {situation.__name__ for situation in situations} & set(chosen):
            continue
        if minor_of(args.version) < (2, 3):
            situations = tuple(situation for situation in situations if situation is not applications)
        if situations == (created,) and minor_of(args.version) < (1, 13):
            continue
        with tempfile.TemporaryDirectory() as folder, real_cluster(home, java, Path(folder), options) as url:
            for situation in situations:
                if situation.__name__ not in chosen:
                    continue
                d = Driver(url, jars_for(args.version), f"{folder}/scratch")
                d.begin("situations")
                start = time.time()
                try:
                    situation(d)
                except Exception as error:
                    print(situation.__name__, "ended early:", repr(error), flush=True)
                settle(d)
                steps += scrubbed(d.steps, {folder: "/opt/flink/work", str(home): "/opt/flink"})
                print(f"{situation.__name__}: {len(d.steps)} steps, {time.time() - start:.0f} s", flush=True)
                path = SITUATIONS / f"{args.version}.json.gz"
                new = {step["step"]: step for step in steps}
                old = load(path) if path.exists() else []
                unchanged = [step for step in old if step["step"] not in new]
                save(path, {"flink": args.version, "suite": "situations"}, [*unchanged, *steps])


if __name__ == "__main__":
    main()
