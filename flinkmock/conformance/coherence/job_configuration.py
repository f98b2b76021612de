"""Invariants of a job's configuration: its restart strategy and its checkpoints."""

from __future__ import annotations

import re
from itertools import pairwise

from flinkmock.conformance.coherence.cluster import integer_option, options
from flinkmock.conformance.coherence.registry import METRICS_REFRESH_MS, TWO_CACHES_MS, between, within
from flinkmock.conformance.coherence.relations import Relations, ascending, equal, one_of, require, well_spelled
from flinkmock.conformance.coherence.schedulers import has_default_scheduler
from flinkmock.conformance.coherence.values import Value, constant, highest, is_number
from flinkmock.conformance.coherence.view import View

_CONFIGURATION = "flink-behaviour.md#job-configuration"
_STATISTICS = "flink-behaviour.md#checkpoint-statistics"
_DURATION = r"(?:PT[\dHMS.]+|\d+ ms)"
_STRATEGY = re.compile(
    rf"Cluster level default restart strategy|Restart deactivated\."
    rf"|Restart with fixed delay \({_DURATION}\)\. #(?P<attempts>\d+) restart attempts\."
    rf"|Failure rate restart with maximum of \d+ failures within interval .+ and fixed delay .+\."
    rf"|Restart with exponential delay: starting at .+, increasing by .+, with maximum .+\. Delay resets after .+ with "
    rf"jitter .+"
)
"""What `RestartStrategyDescriptionUtils` and, until 1.20, the classes in `RestartStrategies` write."""
_NO_RESTART, _FIXED_DELAY = "Restart deactivated.", "Restart with fixed delay"
_SUPPRESSED_RECOVERY = re.compile(
    r"Recovery is suppressed by (?P<strategy>\w+)(?:\(maxNumberRestartAttempts=(?P<attempts>\d+),)?"
)
_BACKENDS = (
    "HashMapStateBackend",
    "EmbeddedRocksDBStateBackend",
    "ForStStateBackend",
    "MemoryStateBackend",
    "FsStateBackend",
    "RocksDBStateBackend",
    "BatchExecutionStateBackend",
)
_STORAGES = (
    "FileSystemCheckpointStorage",
    "JobManagerCheckpointStorage",
    "BatchExecutionCheckpointStorage",
    *_BACKENDS,
)
_CHANGELOGS = ("memory", "filesystem")
_NOT_EXTERNAL = "<checkpoint-not-externally-addressable>"
"""The path of a checkpoint that is stored in the JobManager."""


@within(
    "getJobConfig",
    text="Restart strategies are described as in Flink; a parallelism is positive or -1.",
    source=_CONFIGURATION,
)
def restart_strategy_text(body: Value) -> Relations:
    config = body["execution-config"]
    strategy = config["restart-strategy"]
    if isinstance(strategy.raw, str):
        yield from require(
            _STRATEGY.fullmatch(strategy.raw) is not None, "not a restart strategy", strategy, exact=True
        )
    parallelism = config["job-parallelism"]
    if is_number(parallelism.raw):
        yield from require(parallelism.raw >= 1 or parallelism.raw == -1, "not a parallelism", parallelism)


@between(
    "job",
    text="A job restarts at most as often as its restart strategy allows. If this suppresses the recovery, the "
    "exception names the strategy.",
    source=_CONFIGURATION,
    may_disagree_for_ms=METRICS_REFRESH_MS,
)
def restarts_follow_the_strategy(view: View, job_id: str) -> Relations:
    strategy = view.body("getJobConfig", jobid=job_id)["execution-config"]["restart-strategy"]
    details = view.body("getJobDetails", jobid=job_id)
    if not isinstance(strategy.raw, str) or not has_default_scheduler(view, job_id):
        return
    attempts = [
        subtask["attempt"]
        for vertex in details["vertices"]
        for subtask in view.body("getJobVertexDetails", jobid=job_id, vertexid=str(vertex["id"].raw))["subtasks"]
    ]
    highest_attempt = highest(attempts, "the highest attempt")
    has_fixed_delay = strategy.raw.startswith(_FIXED_DELAY)
    strategy_match = _STRATEGY.fullmatch(strategy.raw)
    if strategy.raw == _NO_RESTART:
        restarting = details["timestamps"]["RESTARTING"]
        yield from require(not restarting.raw, "a job that never restarts was RESTARTING", strategy, restarting)
        if attempts:
            yield from require(highest_attempt.raw == 0, "a job that never restarts has restarted", strategy, *attempts)
    elif has_fixed_delay and strategy_match is not None and attempts:
        yield from require(
            highest_attempt.raw <= int(strategy_match["attempts"]),
            "the job has restarted more often",
            strategy,
            *attempts,
        )
    newest_trace = view.body("getJobExceptions", jobid=job_id)["exceptionHistory"]["entries"][0]["stacktrace"]
    suppression = _SUPPRESSED_RECOVERY.search(newest_trace.raw) if isinstance(newest_trace.raw, str) else None
    if details["state"].raw == "FAILED" and suppression is not None:
        is_suppressed_by_fixed_delay = suppression["strategy"].startswith("FixedDelay")
        is_suppressed_by_no_restart = suppression["strategy"].startswith("NoRestart")
        reason = f"{suppression[0]}…"
        if strategy.raw == _NO_RESTART or has_fixed_delay:
            yield from require(is_suppressed_by_fixed_delay == has_fixed_delay, reason, strategy, newest_trace)
            yield from require(
                is_suppressed_by_no_restart == (strategy.raw == _NO_RESTART), reason, strategy, newest_trace
            )
        if is_suppressed_by_fixed_delay and strategy_match is not None and strategy_match["attempts"]:
            yield from require(
                strategy_match["attempts"] == suppression["attempts"], reason, strategy, newest_trace, exact=True
            )


@within(
    "getCheckpointConfig",
    text="The settings of checkpoints are in their ranges, and agree with each other.",
    source=_STATISTICS,
)
def checkpoint_settings(body: Value) -> Relations:
    externalization = body["externalization"]
    if externalization["enabled"].raw is False:
        flag = externalization["delete_on_cancellation"]
        text = "checkpoints are not externalized"
        yield from require(flag.raw is True, text, flag, externalization["enabled"], exact=True)
    yield from ascending(constant(1, "1"), body["max_concurrent"])
    yield from ascending(constant(0, "0"), body["min_pause"])
    yield from ascending(constant(1, "1"), body["timeout"])
    yield from ascending(constant(1, "1"), body["interval"])
    yield from ascending(constant(0, "0"), body["tolerable_failed_checkpoints"])
    yield from ascending(constant(0, "0"), body["aligned_checkpoint_timeout"])
    if body["unaligned_checkpoints"].raw is True:
        mode = body["mode"]
        yield from one_of(mode, ["exactly_once"], "checkpoints are unaligned", body["unaligned_checkpoints"])
    yield from well_spelled(body["state_backend"], _BACKENDS)
    yield from well_spelled(body["checkpoint_storage"], _STORAGES)
    yield from well_spelled(body["changelog_storage"], _CHANGELOGS)


@between(
    "job",
    text="Checkpoints follow the settings of the job: aligned or unaligned, their storage, their timeout.",
    source=_STATISTICS,
)
def checkpoints_follow_the_settings(view: View, job_id: str) -> Relations:
    config = view.body("getCheckpointConfig", jobid=job_id)
    history = view.body("getCheckpointingStatistics", jobid=job_id)["history"]
    unaligned, storage, timeout = (config[key] for key in ("unaligned_checkpoints", "checkpoint_storage", "timeout"))
    is_never_aligned = config["aligned_checkpoint_timeout"].raw == 0 and config["mode"].raw == "exactly_once"
    for entry in history:
        if entry["status"].raw != "COMPLETED":
            continue
        yield from ascending(entry["end_to_end_duration"], timeout, slack=10_000)
        kind, path = entry["checkpoint_type"], entry["external_path"]
        if entry["is_savepoint"].raw is not False:
            continue
        if kind.raw == "UNALIGNED_CHECKPOINT":
            yield from require(unaligned.raw is not False, "checkpoints are aligned", unaligned, kind)
        elif kind.raw == "CHECKPOINT" and unaligned.raw is True and is_never_aligned and _has_unaligned_type(history):
            yield from require(
                False, "checkpoints are unaligned", unaligned, kind, config["aligned_checkpoint_timeout"]
            )
        if storage.is_in(("FileSystemCheckpointStorage", "JobManagerCheckpointStorage")) and path.exists:
            is_in_files = path.raw != _NOT_EXTERNAL
            text = "the checkpoints are in another storage"
            yield from require(is_in_files == (storage.raw == "FileSystemCheckpointStorage"), text, storage, path)


def _has_unaligned_type(history: Value) -> bool:
    """Return whether the release has the type UNALIGNED_CHECKPOINT: since 1.16, which also added `savepointFormat`."""
    return "savepointFormat" in history.raw[0]


@between(
    "checkpoint",
    text="Subtasks take savepoints and checkpoints of the type CHECKPOINT aligned, never unaligned.",
    source=_STATISTICS,
)
def unaligned_checkpoint(view: View, job_id: str, checkpoint_id: str) -> Relations:
    ids = {"jobid": job_id, "checkpointid": checkpoint_id}
    details = view.body("getCheckpointStatisticDetails", **ids)
    kind = details["checkpoint_type"]
    if details["status"].raw != "COMPLETED" or not kind.exists:
        return
    for vertex_id, _ in details["tasks"].items():
        body = view.body("getTaskCheckpointStatistics", vertexid=vertex_id, **ids)
        for subtask in body["subtasks"]:
            flag = subtask["unaligned_checkpoint"]
            if flag.exists and kind.raw in ("CHECKPOINT", "SAVEPOINT", "SYNC_SAVEPOINT"):
                yield from require(flag.raw is False, f"the checkpoint is a {kind.raw}", flag, kind)


_RETAINED_OPTIONS = ("execution.checkpointing.num-retained", "state.checkpoints.num-retained")


def _retained_checkpoint_count(view: View) -> int:
    """Return how many checkpoints a job keeps, which only the configuration of the cluster sets (`SchedulerUtils`)."""
    return integer_option(options(view), 1, *_RETAINED_OPTIONS)


@between(
    "job",
    text="Only the configured number of newest checkpoints is kept; savepoints are never discarded.",
    source="flink-behaviour.md#rules-that-hold",
    may_disagree_for_ms=TWO_CACHES_MS,
)
def older_checkpoints_are_discarded(view: View, job_id: str) -> Relations:
    history = view.body("getCheckpointingStatistics", jobid=job_id)["history"]
    completed = [entry for entry in history if entry["status"].raw == "COMPLETED"]
    flags = [entry["discarded"] for entry in completed if entry["is_savepoint"].raw is False]
    # one more may not be discarded yet
    for flag in flags[_retained_checkpoint_count(view) + 1 :]:
        yield from require(flag.raw is True, "an old checkpoint is not discarded", flag, exact=True)
    for newer, older in pairwise(flags):
        holds = older.raw is not False or newer.raw is False
        yield from require(holds, "a newer checkpoint is discarded", newer, older)
    for entry in completed:
        if entry["is_savepoint"].raw is True:
            yield from require(
                entry["discarded"].raw is False, "a savepoint is discarded", entry["discarded"], exact=True
            )


@between(
    "job",
    text="The history, the details and the latest checkpoints agree on whether a checkpoint is discarded.",
    source=_STATISTICS,
    may_disagree_for_ms=TWO_CACHES_MS,
)
def discarded_is_one_value(view: View, job_id: str) -> Relations:
    statistics = view.body("getCheckpointingStatistics", jobid=job_id)
    latest = [statistics["latest"][kind] for kind in ("completed", "savepoint")]
    for entry in statistics["history"]:
        if entry["status"].raw == "COMPLETED":
            as_latest = [other["discarded"] for other in latest if other.raw and other["id"].raw == entry["id"].raw]
            details = view.body("getCheckpointStatisticDetails", jobid=job_id, checkpointid=str(entry["id"].raw))
            yield from equal(entry["discarded"], details["discarded"], *as_latest)
