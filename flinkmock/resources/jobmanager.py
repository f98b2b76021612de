"""The JobManager's process: its Java environment and its threads."""

from __future__ import annotations

from flinkmock.cluster.process.jvm import environment
from flinkmock.cluster.process.memory import job_manager_memory
from flinkmock.cluster.process.threads import job_manager_threads
from flinkmock.resources.call import Call, Facts, resource

LOG_FILE = "flink-jm.log"


@resource("getJobManagerEnvironment", "getJobManagerJobEnvironment")
def java_environment(call: Call) -> Facts:
    """A job of a session cluster has the cluster's; whether the job is known is not looked at (FACTS 2)."""
    memory = job_manager_memory(call.cluster.configuration)
    return environment(call.cluster.release, memory.max_heap, LOG_FILE)


@resource("getJobManagerThreadDump")
def thread_dump(call: Call) -> Facts:
    cluster = call.cluster
    running = sum(job.ended_at(call.now) is None for job in cluster.jobs.values())
    return {"threadInfos": job_manager_threads(running, cluster.release, cluster.stream)}
