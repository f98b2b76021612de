"""When checkpoints of a job are triggered, how they end, and their percentiles."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flinkmock.cluster.checkpoint_summary import percentile
from flinkmock.cluster.checkpoint_tracker import CheckpointTracker
from flinkmock.cluster.graph import JobGraph
from flinkmock.cluster.spec import CheckpointSpec, Step
from flinkmock.flink.checkpoint_messages import COORDINATOR_SUSPENDING
from flinkmock.named_random import CyclicValues, NamedRandom, UniformRange
from tests.cluster.cluster_factory import ClusterHarness, job, ms


def test_periodic_checkpoints_follow_their_interval(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(every=2_000))
    harness.advance(20_000)
    oldest_first = harness.cluster.job_named("orders").checkpoints.history_at(harness.now)[::-1]
    assert [checkpoint.id for checkpoint in oldest_first] == list(range(1, len(oldest_first) + 1))
    gaps = {later.triggered_at - earlier.triggered_at for earlier, later in pairwise(oldest_first)}
    assert gaps == {2_000}
    assert 9 <= len(oldest_first) <= 10


def test_counts_add_up_at_any_time(tmp_path: Path) -> None:
    spec = CheckpointSpec(every=500, duration=UniformRange(100, 900), fails=frozenset({2, 5}))
    harness = ClusterHarness(tmp_path, job(Step("RUNNING", ms(7_000)), Step("RESTARTING", ms(500)), checkpoints=spec))
    tracker = harness.cluster.job_named("orders").checkpoints
    for _ in range(120):
        harness.advance(77)
        counts = tracker.counts_at(harness.now)
        assert counts["total"] == counts["in_progress"] + counts["completed"] + counts["failed"]
        assert counts["in_progress"] <= 1  # max_concurrent
    assert tracker.counts_at(harness.now)["failed"] >= 2


def test_sizes_of_acknowledgements_add_up_and_the_last_one_completes_the_checkpoint(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job())
    harness.advance(10_000)
    tracker = harness.cluster.job_named("orders").checkpoints
    for checkpoint in tracker.completed_checkpoints_at(harness.now):
        by_vertex = tracker.acknowledgements(checkpoint, harness.now)
        acknowledgements = [ack for acks_of_vertex in by_vertex for ack in acks_of_vertex]
        assert sum(ack.size for ack in acknowledgements) == checkpoint.size
        assert max(ack.at or 0 for ack in acknowledgements) == checkpoint.ends_at


def test_a_checkpoint_in_progress_fails_when_its_job_ends(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(checkpoints=CheckpointSpec(every=1_000, duration=ms(60_000))))
    harness.advance(3_000)
    orders = harness.cluster.job_named("orders")
    assert orders.checkpoints.counts_at(harness.now)["in_progress"] == 1
    harness.cluster.state_machines.cancel(orders, harness.now)
    harness.advance(100)
    (checkpoint,) = orders.checkpoints.failed_checkpoints_at(harness.now)
    assert checkpoint.failure == COORDINATOR_SUSPENDING


def test_a_checkpoint_expires_after_its_timeout(tmp_path: Path) -> None:
    harness = ClusterHarness(tmp_path, job(checkpoints=CheckpointSpec(every=1_000, duration=ms(5_000), timeout=2_000)))
    harness.advance(5_000)
    failed = harness.cluster.job_named("orders").checkpoints.failed_checkpoints_at(harness.now)
    assert {checkpoint.failure for checkpoint in failed} == {"Checkpoint expired before completing."}
    assert {checkpoint.ends_at - checkpoint.triggered_at for checkpoint in failed} == {2_000}


def new_tracker(spec: CheckpointSpec) -> CheckpointTracker:
    return CheckpointTracker(spec, "a" * 32, JobGraph(job()), NamedRandom(0), None)


@pytest.mark.parametrize("waits_for_tasks", [False, True])
def test_no_checkpoint_is_rejected_after_the_tasks_have_ended(waits_for_tasks: bool) -> None:
    tracker = new_tracker(CheckpointSpec(every=10_000))
    tracker.start(0, 60_000, first_checkpoint_waits_for_tasks=waits_for_tasks)
    tracker.stop(15_000)  # before all tasks run
    rejected_count = tracker.counts_at(15_000)["failed"]
    assert tracker.counts_at(100_000)["failed"] == rejected_count == tracker.rejected_count_at(1 << 50)
    tracker.start(20_000, 50_000, first_checkpoint_waits_for_tasks=waits_for_tasks)
    counts = [tracker.rejected_count_at(time) for time in range(100_000)]
    assert counts == sorted(counts)
    assert counts[20_000] == rejected_count


def expected_trigger_times(spec: CheckpointSpec, durations: tuple[int, ...], first: int, end: int) -> list[int]:
    """Return when checkpoints are triggered, from a simulation ms by ms."""
    trigger_times: list[int] = []
    ends: list[int] = []
    completions: list[int] = []
    assert spec.interval is not None
    for time in range(first, end):
        is_due = not trigger_times or time >= trigger_times[-1] + spec.interval
        in_progress_count = sum(ends_at > time for ends_at in ends)
        is_pause = any(completed_at <= time < completed_at + spec.min_pause for completed_at in completions)
        if is_due and in_progress_count < spec.max_concurrent and not is_pause:
            ends.append(time + durations[len(ends) % len(durations)])
            trigger_times.append(time)
            if len(ends) not in spec.fails:
                completions.append(ends[-1])
    return trigger_times


@settings(max_examples=60)
@given(
    every=st.integers(1, 12),
    min_pause=st.integers(0, 15),
    max_concurrent=st.integers(1, 4),
    durations=st.lists(st.integers(1, 50), min_size=1, max_size=6).map(tuple),
    fails=st.frozensets(st.integers(1, 20)),
)
def test_a_checkpoint_is_triggered_when_the_interval_the_pause_and_the_limit_allow_it(
    every: int, min_pause: int, max_concurrent: int, durations: tuple[int, ...], fails: frozenset[int]
) -> None:
    spec = CheckpointSpec(
        every, CyclicValues(durations), fails=fails, min_pause=min_pause, max_concurrent=max_concurrent
    )
    tracker = new_tracker(spec)
    tracker.start(0, 0, first_checkpoint_waits_for_tasks=True)
    tracker.materialize_until(199)
    trigger_times = [checkpoint.triggered_at for checkpoint in tracker.tracked]
    assert trigger_times == expected_trigger_times(spec, durations, trigger_times[0], 200)


def test_no_more_checkpoints_are_in_progress_than_allowed() -> None:
    tracker = new_tracker(CheckpointSpec(every=10_000, duration=ms(100_000), max_concurrent=2))
    tracker.start(0, 0, first_checkpoint_waits_for_tasks=True)
    assert [tracker.counts_at(time)["in_progress"] for time in (5_000, 15_000, 95_000, 105_000)] == [1, 2, 2, 2]


@pytest.mark.parametrize(
    ("values", "fraction", "expected"),
    [  # the durations 60 and 598 ms are those of `job-running: job/checkpoints` of 2.3.0
        ((60, 598), 0.5, 329.0),
        ((60, 598), 0.9, 598.0),
        ((0, 13), 0.5, 6.5),
        ((265,), 0.5, 265.0),
    ],
)
def test_percentiles_match_those_of_flink(values: tuple[int, ...], fraction: float, expected: float) -> None:
    assert percentile(values, fraction) == expected


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=50), st.floats(0.01, 0.999))
def test_a_percentile_lies_between_minimum_and_maximum(values: list[int], fraction: float) -> None:
    ascending = tuple(sorted(values))
    assert ascending[0] <= percentile(ascending, fraction) <= ascending[-1]
