"""Log files of the JobManager and of TaskManagers: the lists, and the files."""

from __future__ import annotations

from flinkmock.cluster.errors import LogNotFound, UncaughtJavaException
from flinkmock.cluster.log_files import (
    files_in_jobmanager_directory,
    files_in_taskmanager_directory,
    jobmanager_files,
    taskmanager_files,
)
from flinkmock.flink import java_classes, messages
from flinkmock.flink.exceptions import completion_exception
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.logs import LogFile, file_name, jobmanager_log_path, out_file, taskmanager_log_path
from flinkmock.rest.call import FileContent, Payload, RestCall, handles


def _content_of(files: list[LogFile], name: str, taskmanager_id: str | None = None) -> FileContent:
    """Return the content of the file with a name. Raises LogNotFound."""
    for file in files:
        if file.name == name:
            return FileContent(file.content)
    raise LogNotFound(name, taskmanager_id)


@handles("getJobManagerLogList")
def jobmanager_list(call: RestCall) -> Payload:
    return {"logs": [file.payload() for file in files_in_jobmanager_directory(call.cluster, call.now)]}


@handles("getJobManagerLogFile")
def jobmanager_log(call: RestCall) -> Payload:
    name = file_name(jobmanager_log_path(call.cluster.configuration, call.cluster.release))
    return _content_of(jobmanager_files(call.cluster, call.now), name)


@handles("getJobManagerStdoutFile")
def jobmanager_stdout(call: RestCall) -> Payload:
    name = out_file(file_name(jobmanager_log_path(call.cluster.configuration, call.cluster.release)))
    return _content_of(jobmanager_files(call.cluster, call.now), name)


@handles("getJobManagerCustomLog")
def jobmanager_file(call: RestCall) -> Payload:
    """Return a file of the log directory; `.` and `..` are directories (recorded: `/jobmanager/logs/..`).

    Raises:
        LogNotFound: There is no such file.
        UncaughtJavaException: It is a directory.
    """
    name = call.path["filename"]
    if name in (".", ".."):
        cause = JavaException(java_classes.FLINK_EXCEPTION, messages.NO_TRANSFER)
        raise UncaughtJavaException(completion_exception(cause))
    return _content_of(files_in_jobmanager_directory(call.cluster, call.now), name)


@handles("getTaskManagerLogs")
def taskmanager_list(call: RestCall) -> Payload:
    taskmanager = call.cluster.taskmanagers.get(call.path["taskmanagerid"], call.now)
    return {"logs": [file.payload() for file in files_in_taskmanager_directory(call.cluster, taskmanager, call.now)]}


@handles("getTaskManagerLogFile", "getTaskManagerStdoutFile", "getTaskManagerCustomLog")
def taskmanager_file(call: RestCall) -> Payload:
    """Return `/log`, `/stdout` or `/logs/:filename` of a TaskManager. Raises TaskManagerNotFound, LogNotFound."""
    taskmanager = call.cluster.taskmanagers.get(call.path["taskmanagerid"], call.now)
    log = file_name(taskmanager_log_path(taskmanager, call.cluster.configuration, call.cluster.release))
    names = {"getTaskManagerLogFile": log, "getTaskManagerStdoutFile": out_file(log)}
    if name := names.get(call.operation.id):
        return _content_of(taskmanager_files(call.cluster, taskmanager, call.now), name, taskmanager.id)
    files = files_in_taskmanager_directory(call.cluster, taskmanager, call.now)
    return _content_of(files, call.path["filename"], taskmanager.id)
