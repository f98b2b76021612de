"""Invariants of the cluster: overview, lists of jobs, configuration, jars, lists of metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from flinkmock.conformance.coherence.jobs import TERMINAL
from flinkmock.conformance.coherence.registry import METRICS_REFRESH_MS, between, within
from flinkmock.conformance.coherence.relations import (
    Relations,
    ascending,
    descending_entries,
    equal,
    is_listed,
    require,
    same_fields,
    unique,
)
from flinkmock.conformance.coherence.values import Value, computed, constant, count, is_number, total
from flinkmock.conformance.coherence.view import View

_OVERVIEW = "flink-behaviour.md#cluster-overview"
_OPERATIONS_OF_COPIES = {
    "getClusterConfigurationInfo": ("getJobManagerJobConfiguration", "getJobManagerApplicationConfiguration"),
    "getJobManagerEnvironment": ("getJobManagerJobEnvironment",),
}
"""Operation id -> ids of the operations that return the same for a job or an application."""
_EXPIRATION_MS = 3_500_000
"""A little less than the default of jobstore.expiration-time, an hour."""
_SEPARATOR = "-" * 80
"""The message of the first line that a JobManager logs (`EnvironmentInformation.logEnvironmentInfo`)."""


@within(
    "getClusterOverview", text="Available slots are between 0 and slots-total; no count is negative.", source=_OVERVIEW
)
def available_slots(body: Value) -> Relations:
    yield from ascending(constant(0, "0"), body["slots-available"], body["slots-total"])
    for key in ("taskmanagers", "jobs-running", "jobs-finished", "jobs-cancelled", "jobs-failed"):
        yield from ascending(constant(0, "0"), body[key])


@between("cluster", text="/overview counts the TaskManagers and their slots.", source=_OVERVIEW)
def overview_counts_taskmanagers(view: View) -> Relations:
    overview, taskmanagers = view.body("getClusterOverview"), view.body("getTaskManagers")["taskmanagers"]
    if taskmanagers.exists:
        listed = computed(len(taskmanagers.raw or ()), f"length of {taskmanagers}", taskmanagers)
        yield from equal(overview["taskmanagers"], listed)
        yield from equal(
            overview["slots-total"],
            total([taskmanager["slotsNumber"] for taskmanager in taskmanagers], "sum of slotsNumber"),
        )
        yield from equal(
            overview["slots-available"],
            total([taskmanager["freeSlots"] for taskmanager in taskmanagers], "sum of freeSlots"),
        )


def _keeps_all_jobs(view: View) -> bool:
    """Return whether no job can have expired: by its log, the JobManager started less than an hour ago.

    Flink continues a log of more than 100 MB in another file, so the file may be a later part of the log.
    """
    configured = options(view)
    if "jobstore.max-capacity" in configured or "jobstore.expiration-time" in configured:
        return False
    log, offset = view.body("getJobManagerLogFile").raw, view.body("getDashboardConfiguration")["timezone-offset"].raw
    clocks = [view.body("getJobDetails", jobid=ids[0])["now"].raw for ids in view.subjects("job")]
    now = max((clock for clock in clocks if is_number(clock)), default=None)
    if not isinstance(log, str) or now is None or not is_number(offset) or not _is_first_part(log):
        return False
    try:
        started_at = datetime.strptime(log[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp() * 1000 - offset
    except ValueError:
        return False
    return bool(now - started_at < _EXPIRATION_MS)


def _is_first_part(log: str) -> bool:
    return log.partition("\n")[0].rstrip().endswith(_SEPARATOR)


@between("cluster", text="/overview counts the jobs by their states.", source=_OVERVIEW)
def overview_counts_jobs(view: View) -> Relations:
    overview, jobs = view.body("getClusterOverview"), view.body("getJobsOverview")["jobs"]
    jobs_with_status = view.body("getJobIdsWithStatusesOverview")["jobs"]
    if not jobs.exists:
        return
    keeps_all_jobs = _keeps_all_jobs(view)
    relate_counts = equal if keeps_all_jobs else ascending  # /overview still counts jobs that have expired
    for entries, status in ((jobs, "state"), (jobs_with_status, "status")):
        states = [entry[status] for entry in entries]
        if not states and entries.exists:
            no_jobs = computed(0, "no jobs", entries)
            for count_name in ("running", "finished", "cancelled", "failed") if keeps_all_jobs else ("running",):
                yield from equal(overview[f"jobs-{count_name}"], no_jobs)
        if states:
            states_before_end = {state.raw for state in states} - TERMINAL
            yield from equal(overview["jobs-running"], count(states, states_before_end, "jobs that have not ended"))
            for key, state in (("finished", "FINISHED"), ("cancelled", "CANCELED"), ("failed", "FAILED")):
                listed = count(states, [state], f"jobs that are {state}")
                yield from relate_counts(listed, overview[f"jobs-{key}"])


@between("cluster", text="/jobs and /jobs/overview list the same jobs.", source="flink-behaviour.md#job-lists")
def same_jobs(view: View) -> Relations:
    jobs, jobs_with_status = view.body("getJobsOverview")["jobs"], view.body("getJobIdsWithStatusesOverview")["jobs"]
    if jobs.exists and jobs_with_status.exists:
        ids_in_jobs, ids_in_overview = {job["id"].raw for job in jobs_with_status}, {job["jid"].raw for job in jobs}
        for job in jobs:
            yield from is_listed(job["jid"], ids_in_jobs, "/jobs lacks it", jobs_with_status)
        for job in jobs_with_status:
            yield from is_listed(job["id"], ids_in_overview, "/jobs/overview lacks it", jobs)


@between(
    "cluster",
    text="/jobs and /jobs/overview list jobs in the same order.",
    source="flink-behaviour.md#job-lists",
    since="2.3",
)
def same_order_of_jobs(view: View) -> Relations:
    jobs, jobs_with_status = view.body("getJobsOverview")["jobs"], view.body("getJobIdsWithStatusesOverview")["jobs"]
    order_of_overview = [job["jid"].raw for job in jobs]
    order_of_jobs = [job["id"].raw for job in jobs_with_status if job["id"].raw in order_of_overview]
    if len(order_of_jobs) == len(order_of_overview):
        yield from require(order_of_jobs == order_of_overview, "another order", jobs_with_status, jobs)


@between(
    "cluster",
    text="The JobManager's metrics count slots, TaskManagers and running jobs as /overview does.",
    source="flink-behaviour.md#metrics",
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def jobmanager_metrics(view: View) -> Relations:
    metrics, overview = view.metrics("getJobManagerMetrics"), view.body("getClusterOverview")
    for name, key in (
        ("taskSlotsTotal", "slots-total"),
        ("taskSlotsAvailable", "slots-available"),
        ("numRegisteredTaskManagers", "taskmanagers"),
        ("numRunningJobs", "jobs-running"),
    ):
        if name in metrics:
            yield from equal(overview[key], metrics[name])


@between("cluster", text="/overview and /config name the same version and commit.", source=_OVERVIEW)
def same_version(view: View) -> Relations:
    overview, config = view.body("getClusterOverview"), view.body("getDashboardConfiguration")
    yield from equal(overview["flink-version"], config["flink-version"])
    commit, revision = overview["flink-commit"], config["flink-revision"]
    if isinstance(revision.raw, str) and " @ " in revision.raw:
        text = "no time follows the commit"
        yield from require(_is_time(revision.raw.partition(" @ ")[2]), text, revision)
    if isinstance(commit.raw, str) and isinstance(revision.raw, str):
        yield from require(revision.raw.startswith(commit.raw), "another commit", revision, commit, exact=True)


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


@within(
    "getDashboardConfiguration",
    text="The offset of a time zone is a multiple of 15 minutes, at most 15 hours, and 0 for UTC.",
    source=_OVERVIEW,
)
def time_zone(body: Value) -> Relations:
    name, offset = body["timezone-name"], body["timezone-offset"]
    if name.is_in(("Coordinated Universal Time", "Greenwich Mean Time", "UTC")):
        yield from equal(offset, constant(0, "0"))
    elif offset.exists:
        text = "not the offset of a time zone"
        yield from require(abs(offset.raw) <= 15 * 3_600_000 and offset.raw % 900_000 == 0, text, offset, exact=True)
        is_nearly_utc = offset.raw == 0 and "Universal" in str(name.raw)
        yield from require(not is_nearly_utc, "the name of UTC is misspelled", name, offset)


def options(view: View) -> dict[str, Value]:
    """Return the configured options of the cluster by their keys."""
    return {str(option["key"].raw): option["value"] for option in view.body("getClusterConfigurationInfo")}


def integer_option(configured: Mapping[str, Value], default: int, *keys: str) -> int:
    """Return the value of an option that is at least 0.

    Args:
        configured: The result of `options`.
        default: What to return if none of the keys has such a value.
        keys: The key of the option and its older names; the first that is configured counts.
    """
    texts = [str(configured[key].raw).strip() for key in keys if key in configured]
    return next((int(text) for text in texts if text.isdecimal()), default)


@between("cluster", text="The features and the refresh interval of the dashboard are as configured.", source=_OVERVIEW)
def dashboard_features(view: View) -> Relations:
    config, configured = view.body("getDashboardConfiguration"), options(view)
    if not configured:
        return
    for feature, key in (("web-submit", "web.submit.enable"), ("web-cancel", "web.cancel.enable")):
        enabled = str(configured[key].raw).lower() == "true" if key in configured else True
        value = config["features"][feature]
        yield from require(value.raw == enabled, f"{key} is {enabled}", value, exact=True)
    history = config["features"]["web-history"]
    yield from require(history.raw is False, "this is not a history server", history, exact=True)
    rescale = config["features"]["web-rescale"]
    if "jobmanager.scheduler" not in configured and "scheduler-mode" not in configured:
        yield from require(rescale.raw is False, "the scheduler is not adaptive", rescale, exact=True)
    interval = configured.get("web.refresh-interval", Value("3000"))
    text = str(interval.raw).replace(" ", "")
    if match := re.fullmatch(r"(\d+)(ms|s)?", text):
        expected = int(match[1]) * (1000 if match[2] == "s" else 1)
        value = config["refresh-interval"]
        yield from require(value.raw == expected, f"web.refresh-interval is {expected} ms", value, exact=True)


@within(
    "getClusterConfigurationInfo",
    "getJobManagerJobConfiguration",
    "getJobManagerApplicationConfiguration",
    text="Each option is listed once.",
    source=_OVERVIEW,
)
def options_are_unique(body: Value) -> Relations:
    yield from unique(body, "key")


@between(
    "cluster", text="Jobs and applications show the configuration and environment of the cluster.", source=_OVERVIEW
)
def same_configuration(view: View) -> Relations:
    original = view.body("getClusterConfigurationInfo")
    expected = {option["key"].raw: option for option in original}
    for body in _copies(view, "getClusterConfigurationInfo") if expected else ():
        copied = {option["key"].raw: option for option in body}
        for key, option in copied.items():
            if key in expected:
                yield from equal(option["key"], expected[key]["key"])
                yield from equal(option["value"], expected[key]["value"])
        only_copied = [option["key"] for key, option in copied.items() if key not in expected]
        only_expected = [option["key"] for key, option in expected.items() if key not in copied]
        for keys, suspects in ((only_copied, only_expected), (only_expected, only_copied)):
            for option_key in keys:
                text = f"only one of them has {option_key.raw}"
                yield from require(False, text, option_key, *(suspects or [original, body])[:2])
    for body in _copies(view, "getJobManagerEnvironment"):
        yield from same_fields(view.body("getJobManagerEnvironment"), body)


def _copies(view: View, operation_id: str) -> Iterator[Value]:
    """Yield the bodies for each job and application that have to equal the body of an operation for the cluster."""
    for kind, parameter in (("job", "jobid"), ("application", "applicationid")):
        for ids in view.subjects(kind):
            for copy_id in _OPERATIONS_OF_COPIES[operation_id]:
                body = view.body(copy_id, **{parameter: ids[0]})
                if body.exists:
                    yield body


@within(
    "getJarList",
    text="The newest jar comes first. Each jar is listed once, with an id that ends with its name, and with each "
    "entry class once.",
    source="flink-behaviour.md#jar-upload",
)
def jars_newest_first(body: Value) -> Relations:
    yield from descending_entries(body["files"], "uploaded")
    yield from unique(body["files"], "id")
    for jar in body["files"]:
        name, jar_id = jar["name"], jar["id"]
        if isinstance(name.raw, str) and isinstance(jar_id.raw, str):
            yield from require(
                jar_id.raw.partition("_")[2] == name.raw, "the id of another jar", name, jar_id, exact=True
            )
        yield from ascending(constant(1, "1"), jar["uploaded"])
        yield from unique(jar["entry"], "name")


@within(
    "getJobManagerMetrics",
    "getTaskManagerMetrics",
    "getJobMetrics",
    "getJobVertexMetrics",
    "getSubtaskMetrics",
    "getJobManagerOperatorMetrics",
    "getAggregatedJobMetrics",
    "getAggregatedTaskManagerMetrics",
    "getAggregatedSubtaskMetrics",
    text="Each metric is listed once.",
    source="flink-behaviour.md#metrics",
)
def metrics_are_unique(body: Value) -> Relations:
    yield from unique(body, "id")
