"""The whole cluster: overview, configuration of the dashboard and of Flink, log URLs, shutdown."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

from flinkmock.cluster.states import TERMINAL_JOB_STATES, JobState
from flinkmock.flink.options import REFRESH_INTERVAL, REST_PORT, WEB_CANCEL, WEB_RESCALE, WEB_SUBMIT
from flinkmock.rest.call import Payload, RestCall, handles


@handles("getClusterOverview")
def overview(call: RestCall) -> Payload:
    """Return the overview. There is no count of blocked TaskManagers: Flink omits it if it is 0, which it
    always is in the model.

    See docs/flink-behaviour.md#cluster-overview.
    """
    cluster, now = call.cluster, call.now
    taskmanagers = cluster.taskmanagers.registered_at(now)
    states = Counter(job.state_at(now) for job in cluster.jobs.values())
    return {
        "taskmanagers": len(taskmanagers),
        "slots-total": sum(taskmanager.slot_count for taskmanager in taskmanagers),
        "slots-available": sum(cluster.slots.free_count(taskmanager, now) for taskmanager in taskmanagers),
        "jobs-running": sum(count for state, count in states.items() if state not in TERMINAL_JOB_STATES),
        "jobs-finished": states[JobState.FINISHED],
        "jobs-cancelled": states[JobState.CANCELED],
        "jobs-failed": states[JobState.FAILED],
        "flink-version": cluster.release.version,
        "flink-commit": cluster.release.commit,
    }


@handles("getDashboardConfiguration")
def dashboard(call: RestCall) -> Payload:
    """Return the configuration of the dashboard. Rescaling from the dashboard needs the adaptive scheduler."""
    configuration, release = call.configuration, call.cluster.release
    return {
        "refresh-interval": configuration.milliseconds(REFRESH_INTERVAL),
        "timezone-name": "Coordinated Universal Time",
        "timezone-offset": 0,
        "flink-version": release.version,
        "flink-revision": f"{release.commit} @ {release.build_time}",
        "features": {
            "web-submit": configuration.boolean(WEB_SUBMIT),
            "web-cancel": configuration.boolean(WEB_CANCEL),
            "web-rescale": call.cluster.has_adaptive_scheduler
            and not configuration.is_reactive
            and configuration.boolean(WEB_RESCALE),
            "web-history": False,
        },
    }


@handles("getClusterConfigurationInfo", "getJobManagerJobConfiguration", "getJobManagerApplicationConfiguration")
def configuration(call: RestCall) -> Payload:
    """Return the configuration, which is the same for all jobs and applications, even for unknown ones.

    The value of `rest.port` is the port at which the request arrived. See docs/flink-behaviour.md#unknown-ids and
    docs/flink-behaviour.md#cluster-overview.
    """
    port = urlsplit(call.base_url).port
    entries = call.configuration.entries(call.cluster.release)
    return [entry | {"value": str(port)} if port and entry["key"] == REST_PORT.key else entry for entry in entries]


@handles("getJobManagerLogUrl")
def jobmanager_log_url(call: RestCall) -> Payload:
    return {"url": f"{call.base_url}/#/job-manager/logs"}


@handles("getTaskManagerLogUrl")
def taskmanager_log_url(call: RestCall) -> Payload:
    return {"url": f"{call.base_url}/#/task-manager/{call.path['taskmanagerid']}/logs"}


@handles("shutdownCluster")
def shut_down(call: RestCall) -> Payload:
    call.cluster.is_shut_down = True
    return {}
