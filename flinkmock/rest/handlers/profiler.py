"""The profiler of the JobManager and of TaskManagers (since 1.19, with `rest.profiling.enabled`)."""

from __future__ import annotations

from typing import Any

from flinkmock.cluster.errors import LogNotFound
from flinkmock.cluster.profiling import JOB_MANAGER, Profiling
from flinkmock.rest.call import FileContent, Payload, RestCall, handles


def _process(call: RestCall) -> str:
    """Return which process is profiled: the id of a TaskManager, or JOB_MANAGER. Raises TaskManagerNotFound."""
    if "taskmanagerid" not in call.path:
        return JOB_MANAGER
    return call.cluster.taskmanagers.get(call.path["taskmanagerid"], call.now).id


def _payload(profiling: Profiling, now: int) -> dict[str, Any]:
    is_finished = profiling.finished_at <= now
    return {
        "status": "FINISHED" if is_finished else "RUNNING",
        "mode": profiling.mode,
        "triggerTime": profiling.triggered_at,
        "finishedTime": profiling.finished_at if is_finished else None,
        "duration": profiling.seconds,
        "message": None,
        "outputFile": profiling.output_name if is_finished else None,
        "profilingMode": profiling.mode,
    }


@handles("postJobManagerProfiling", "postTaskManagerProfiling")
def start(call: RestCall) -> Payload:
    """Start profiling. Raises TaskManagerNotFound, UncaughtJavaException."""
    process = _process(call)
    profiling = call.cluster.profiler.start(process, call.body.get("mode"), call.body["duration"], call.now)
    return _payload(profiling, call.now)


@handles("getJobManagerProfilingList", "getTaskManagerProfilingList")
def listing(call: RestCall) -> Payload:
    """Return the profilings of a process, newest first. Raises TaskManagerNotFound.

    There are at most as many as `rest.profiling.history-size` says, and one more while it runs.
    """
    profilings = call.cluster.profiler.history(_process(call), call.now)
    return {"profilingList": [_payload(profiling, call.now) for profiling in profilings]}


@handles("getJobManagerProfilingFile", "getTaskManagerProfilingFile")
def file(call: RestCall) -> FileContent:
    """Return the output file of a profiling. Raises TaskManagerNotFound; LogNotFound if there is no such file."""
    for profiling in call.cluster.profiler.history(_process(call), call.now):
        if profiling.output_name == call.path["filename"] and profiling.finished_at <= call.now:
            return FileContent(profiling.output_page(), "text/html")
    raise LogNotFound(call.path["filename"], call.path.get("taskmanagerid"))
