"""Log files of the JobManager and of TaskManagers: the lists, and the files.

The directory of a process (`/logs`) also has the files of other processes, if they share one directory.
"""

from __future__ import annotations

from flinkmock.cluster.errors import LogNotFound
from flinkmock.cluster.log_files import (
    files_in_jobmanager_directory,
    files_in_taskmanager_directory,
    jobmanager_files,
    taskmanager_files,
)
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
    """Return a file of the log directory. Raises LogNotFound, also for the directories `.` and `..`."""
    return _content_of(files_in_jobmanager_directory(call.cluster, call.now), call.path["filename"])


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
