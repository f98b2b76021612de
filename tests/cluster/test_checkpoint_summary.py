"""Statistics and history of jobs with very many checkpoints, of which only the newest ones are kept."""

from __future__ import annotations

import random
from typing import Any

import pytest

from flinkmock.cluster import checkpoint_tracker
from flinkmock.cluster.checkpoint import Checkpoint, CheckpointKind
from flinkmock.cluster.checkpoint_summary import Aggregate, RunningSummary, size_of, summary_statistics
from flinkmock.cluster.checkpoint_tracker import CheckpointTracker
from flinkmock.cluster.graph import JobGraph
from flinkmock.cluster.spec import CheckpointSpec
from flinkmock.named_random import NamedRandom, UniformRange
from tests.cluster.cluster_factory import job

INTERVAL_MS = 10_000
YEAR_MS = 365 * 24 * 3_600_000


def started_tracker(**fields: Any) -> CheckpointTracker:
    """Return a tracker that triggers a checkpoint every `INTERVAL_MS`. `fields` are other fields of its spec."""
    spec = CheckpointSpec(every=INTERVAL_MS, **fields)
    tracker = CheckpointTracker(spec, "a" * 32, JobGraph(job()), NamedRandom(0), None)
    tracker.start(0, 0, first_checkpoint_waits_for_tasks=True)
    return tracker


def completed_checkpoint(number: int, size: int) -> Checkpoint:
    return Checkpoint(
        id=number,
        kind=CheckpointKind.CHECKPOINT,
        format=None,
        triggered_at=number,
        duration=1,
        ends_at=number + 1,
        failure=None,
        path="",
        size=size,
    )


def test_a_running_summary_has_the_statistics_of_all_values() -> None:
    random_sizes = random.Random(0)
    completed = [completed_checkpoint(number, random_sizes.randint(0, 1000)) for number in range(10_400)]
    summary = RunningSummary(size_of)
    for count in (0, 1, 2, 50, 49, 900, 9_990, 10_001, 10_002, 10_400):
        expected = summary_statistics([checkpoint.size for checkpoint in completed[:count]])
        assert summary.statistics(completed, count, Aggregate()) == expected, count


def test_most_checkpoints_of_a_year_are_counted_but_not_created() -> None:
    tracker = started_tracker()
    counts = tracker.counts_at(YEAR_MS)
    assert counts["completed"] == pytest.approx(YEAR_MS / INTERVAL_MS, abs=2)
    assert len(tracker.tracked) < 3 * checkpoint_tracker.KEPT_COUNT
    assert tracker.history_at(YEAR_MS)[0].id == counts["total"] - counts["failed"]
    sizes, durations = tracker.summaries_at(YEAR_MS)
    assert sizes is not None
    assert durations is not None
    assert sizes.minimum <= sizes.window[0] <= sizes.average <= sizes.window[-1] <= sizes.maximum
    assert len(durations.window) == 10_000


def test_skipped_checkpoints_keep_the_minimum_pause() -> None:
    """With a pause, checkpoints of half an interval can't be triggered at each interval, however many may overlap."""
    fields = {"duration": UniformRange(INTERVAL_MS // 2, INTERVAL_MS // 2), "max_concurrent": 3}
    with_pause = started_tracker(min_pause=INTERVAL_MS * 3 // 4, **fields)
    end = 30_000_000 * 20
    assert with_pause.counts_at(end)["completed"] == pytest.approx(end / (INTERVAL_MS * 5 / 4), abs=1)


@pytest.mark.slow
def test_the_newest_checkpoints_do_not_depend_on_how_the_time_passed() -> None:
    at_once, day_by_day = started_tracker(), started_tracker()
    for day in range(1, 11):
        day_by_day.materialize_until(YEAR_MS * day // 365)
    end = YEAR_MS * 10 // 365
    assert at_once.history_at(end, 100) == day_by_day.history_at(end, 100)
    assert at_once.counts_at(end) == day_by_day.counts_at(end)
    assert [statistics and list(statistics.window) for statistics in at_once.summaries_at(end)] == [
        statistics and list(statistics.window) for statistics in day_by_day.summaries_at(end)
    ]


@pytest.mark.parametrize(
    "fields",
    [{"chance": 0.1}, {"fails": frozenset({500})}, {"duration": UniformRange(1, 20_000), "max_concurrent": 2}],
)
def test_dropping_old_checkpoints_that_may_fail_or_overlap_changes_no_counts(
    fields: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    end = 1000 * INTERVAL_MS
    with_all = started_tracker(**fields)
    expected = with_all.counts_at(end)
    monkeypatch.setattr(checkpoint_tracker, "KEPT_COUNT", 100)
    monkeypatch.setattr(checkpoint_tracker, "WINDOW_SIZE", 50)
    with_newest = started_tracker(**fields)
    assert with_newest.counts_at(end) == expected
    assert len(with_newest.tracked) < len(with_all.tracked)
    assert with_newest.latest_failed_at(end) == with_all.latest_failed_at(end)
    assert with_newest.history_at(end) == with_all.history_at(end)


def test_the_latest_savepoint_is_known_even_if_it_is_not_tracked() -> None:
    tracker = started_tracker()
    savepoint = tracker.trigger(INTERVAL_MS, CheckpointKind.SAVEPOINT, 100, path="s3://savepoint")
    assert tracker.latest_savepoint_at(YEAR_MS) == savepoint
    assert savepoint not in tracker.tracked
