"""Log files of the JobManager and of task managers: the lists, and the files themselves."""

from __future__ import annotations

from flinkmock.cluster.errors import LogNotFound, UncaughtJavaException
from flinkmock.cluster.log_files import job_manager_files, task_manager_files
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.logs import JOB_MANAGER_LOG, JOB_MANAGER_OUT, LogFile, task_manager_log
from flinkmock.rest.call import Facts, FileContent, RestCall, handles


def _content(files: list[LogFile], name: str, task_manager_id: str | None = None) -> FileContent:
    """Raises UnknownLog."""
    for file in files:
        if file.name == name:
            return FileContent(file.content)
    raise LogNotFound(name, task_manager_id)


@handles("getJobManagerLogList")
def job_manager_list(call: RestCall) -> Facts:
    return {"logs": [file.facts() for file in job_manager_files(call.cluster, call.now)]}


@handles("getJobManagerLogFile")
def job_manager_log(call: RestCall) -> Facts:
    return _content(job_manager_files(call.cluster, call.now), JOB_MANAGER_LOG)


@handles("getJobManagerStdoutFile")
def job_manager_stdout(call: RestCall) -> Facts:
    return _content(job_manager_files(call.cluster, call.now), JOB_MANAGER_OUT)


@handles("getJobManagerCustomLog")
def job_manager_file(call: RestCall) -> Facts:
    """Raises UnknownLog; `.` and `..` are there, but folders (recorded: `/jobmanager/logs/..`)."""
    name = call.path["filename"]
    if name in (".", ".."):
        text = "Could not transfer file to client."
        cause = JavaException("org.apache.flink.util.FlinkException", text)
        raise UncaughtJavaException(JavaException("java.util.concurrent.CompletionException", str(cause), cause))
    return _content(job_manager_files(call.cluster, call.now), name)


@handles("getTaskManagerLogs")
def task_manager_list(call: RestCall) -> Facts:
    task_manager = call.cluster.task_manager(call.path["taskmanagerid"], call.now)
    return {"logs": [file.facts() for file in task_manager_files(call.cluster, task_manager, call.now)]}


@handles("getTaskManagerLogFile", "getTaskManagerStdoutFile", "getTaskManagerCustomLog")
def task_manager_file(call: RestCall) -> Facts:
    """`/log`, `/stdout` and `/logs/:filename` of a task manager. Raises UnknownTaskManager, UnknownLog."""
    task_manager = call.cluster.task_manager(call.path["taskmanagerid"], call.now)
    log = task_manager_log(task_manager)
    usual = {"getTaskManagerLogFile": log, "getTaskManagerStdoutFile": log.removesuffix(".log") + ".out"}
    name = usual.get(call.operation.id) or call.path["filename"]
    return _content(task_manager_files(call.cluster, task_manager, call.now), name, task_manager.id)
