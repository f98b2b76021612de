"""Log files of the JobManager and of task managers: the lists, and the files themselves."""

from __future__ import annotations

from flinkmock.cluster.errors import LogNotFound, UncaughtJavaException
from flinkmock.cluster.log_files import jobmanager_files, taskmanager_files
from flinkmock.flink import java_classes, messages
from flinkmock.flink.exceptions import completion_exception
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.logs import LogFile, jobmanager_log_name, out_file, taskmanager_log_name
from flinkmock.rest.call import Facts, FileContent, RestCall, handles


def _content(files: list[LogFile], name: str, taskmanager_id: str | None = None) -> FileContent:
    """Raises UnknownLog."""
    for file in files:
        if file.name == name:
            return FileContent(file.content)
    raise LogNotFound(name, taskmanager_id)


@handles("getJobManagerLogList")
def jobmanager_list(call: RestCall) -> Facts:
    return {"logs": [file.facts() for file in jobmanager_files(call.cluster, call.now)]}


@handles("getJobManagerLogFile")
def jobmanager_log(call: RestCall) -> Facts:
    name = jobmanager_log_name(call.cluster.configuration, call.cluster.release)
    return _content(jobmanager_files(call.cluster, call.now), name)


@handles("getJobManagerStdoutFile")
def jobmanager_stdout(call: RestCall) -> Facts:
    name = out_file(jobmanager_log_name(call.cluster.configuration, call.cluster.release))
    return _content(jobmanager_files(call.cluster, call.now), name)


@handles("getJobManagerCustomLog")
def jobmanager_file(call: RestCall) -> Facts:
    """Raises UnknownLog; `.` and `..` are there, but folders (recorded: `/jobmanager/logs/..`)."""
    name = call.path["filename"]
    if name in (".", ".."):
        cause = JavaException(java_classes.FLINK_EXCEPTION, messages.NO_TRANSFER)
        raise UncaughtJavaException(completion_exception(cause))
    return _content(jobmanager_files(call.cluster, call.now), name)


@handles("getTaskManagerLogs")
def taskmanager_list(call: RestCall) -> Facts:
    taskmanager = call.cluster.taskmanager(call.path["taskmanagerid"], call.now)
    return {"logs": [file.facts() for file in taskmanager_files(call.cluster, taskmanager, call.now)]}


@handles("getTaskManagerLogFile", "getTaskManagerStdoutFile", "getTaskManagerCustomLog")
def taskmanager_file(call: RestCall) -> Facts:
    """`/log`, `/stdout` and `/logs/:filename` of a task manager. Raises UnknownTaskManager, UnknownLog."""
    taskmanager = call.cluster.taskmanager(call.path["taskmanagerid"], call.now)
    log = taskmanager_log_name(taskmanager, call.cluster.release)
    usual = {"getTaskManagerLogFile": log, "getTaskManagerStdoutFile": out_file(log)}
    name = usual.get(call.operation.id) or call.path["filename"]
    return _content(taskmanager_files(call.cluster, taskmanager, call.now), name, taskmanager.id)
