"""The JobManager's process: its Java environment and its threads."""

from __future__ import annotations

from flinkmock.flink.jvm import jvm_payload
from flinkmock.flink.logs import jobmanager_log_path
from flinkmock.flink.memory import jobmanager_memory
from flinkmock.flink.options import THREAD_DUMP_DEPTH
from flinkmock.flink.threads import jobmanager_threads
from flinkmock.rest.call import Payload, RestCall, handles


@handles("getJobManagerEnvironment", "getJobManagerJobEnvironment")
def java_environment(call: RestCall) -> Payload:
    """Return the environment of the JobManager, which is that of all jobs in a session cluster; the job id is ignored.

    See docs/flink-behaviour.md#unknown-ids.
    """
    memory = jobmanager_memory(call.cluster.configuration)
    log_file = jobmanager_log_path(call.cluster.configuration, call.cluster.release)
    return jvm_payload(call.cluster.release, memory.max_heap, log_file)


@handles("getJobManagerThreadDump")
def thread_dump(call: RestCall) -> Payload:
    cluster = call.cluster
    unfinished_job_count = sum(job.ended_at(call.now) is None for job in cluster.jobs.values())
    depth = cluster.configuration.optional_integer(THREAD_DUMP_DEPTH)
    return {"threadInfos": jobmanager_threads(unfinished_job_count, cluster.release, cluster.random, depth)}
