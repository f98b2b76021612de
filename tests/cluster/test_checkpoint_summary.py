"""Statistics over very many checkpoints: the same as over all of them, as far as they are kept."""

from __future__ import annotations

import random

import pytest

from flinkmock.cluster import checkpoint_tracker
from flinkmock.cluster.checkpoint import Checkpoint, CheckpointKind
from flinkmock.cluster.checkpoint_summary import RunningSummary, Totals, size_of, summary_statistics
from flinkmock.cluster.checkpoint_tracker import CheckpointTracker
from flinkmock.cluster.graph import JobGraph
from flinkmock.cluster.spec import CheckpointSpec
from flinkmock.named_random import NamedRandom, UniformRange
from tests.cluster.cluster_factory import job

EVERY_MS = 10_000
YEAR_MS = 365 * 24 * 3_600_000


def tracker(**changes: object) -> CheckpointTracker:
    spec = CheckpointSpec(every=EVERY_MS, **changes)  # type: ignore[arg-type]
    created = CheckpointTracker(spec, "a" * 32, JobGraph(job()), NamedRandom(0), None)
    created.start(0, 0, eager=True)
    return created


def record(number: int, size: int) -> Checkpoint:
    return Checkpoint(number, CheckpointKind.CHECKPOINT, None, number, 1, number + 1, None, "", size)


def test_a_running_summary_equals_that_of_all_values() -> None:
    chance = random.Random(0)
    completed = [record(number, chance.randint(0, 1000)) for number in range(10_400)]
    running = RunningSummary(size_of)
    for count in (0, 1, 2, 50, 49, 900, 9_990, 10_001, 10_002, 10_400):
        expected = summary_statistics([checkpoint.size for checkpoint in completed[:count]])
        summary = running.at(completed, count, Totals())
        assert (summary and (summary.minimum, summary.maximum, summary.average, list(summary.window))) == (
            expected and (expected.minimum, expected.maximum, expected.average, list(expected.window))
        ), count


def test_a_year_of_checkpoints_is_counted_and_not_created() -> None:
    year = tracker()
    counts = year.counts_at(YEAR_MS)
    assert counts["completed"] == pytest.approx(YEAR_MS / EVERY_MS, abs=2)
    assert len(year.tracked) < 3 * checkpoint_tracker.KEPT
    assert year.history_at(YEAR_MS)[0].id == counts["total"] - counts["failed"]
    sizes, durations = year.summaries_at(YEAR_MS)
    assert sizes is not None
    assert durations is not None
    assert sizes.minimum <= sizes.window[0] <= sizes.average <= sizes.window[-1] <= sizes.maximum
    assert len(durations.window) == 10_000


@pytest.mark.slow
def test_the_newest_checkpoints_do_not_depend_on_how_the_time_passed() -> None:
    at_once, bit_by_bit = tracker(), tracker()
    for day in range(1, 11):
        bit_by_bit.materialize_until(YEAR_MS * day // 365)
    end = YEAR_MS * 10 // 365
    assert at_once.history_at(end, 100) == bit_by_bit.history_at(end, 100)
    assert at_once.counts_at(end) == bit_by_bit.counts_at(end)
    assert [s and list(s.window) for s in at_once.summaries_at(end)] == [
        s and list(s.window) for s in bit_by_bit.summaries_at(end)
    ]


@pytest.mark.parametrize(
    "changes",
    [{"chance": 0.1}, {"fails": frozenset({500})}, {"duration": UniformRange(1, 20_000)}],
)
def test_checkpoints_that_may_fail_or_overlap_are_created_one_by_one(
    changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    created = tracker(**changes)
    expected = created.counts_at(1000 * EVERY_MS)
    monkeypatch.setattr(checkpoint_tracker, "KEPT", 100)
    monkeypatch.setattr(checkpoint_tracker, "WINDOW", 50)
    some = tracker(**changes)
    assert some.counts_at(1000 * EVERY_MS) == expected
    assert len(some.tracked) < len(created.tracked)
    assert some.latest_failed_at(1000 * EVERY_MS) == created.latest_failed_at(1000 * EVERY_MS)
    assert some.history_at(1000 * EVERY_MS) == created.history_at(1000 * EVERY_MS)


def test_the_latest_savepoint_is_known_even_if_it_is_only_counted() -> None:
    year = tracker()
    savepoint = year.trigger(EVERY_MS, CheckpointKind.SAVEPOINT, 100, path="s3://savepoint")
    assert year.latest_savepoint_at(YEAR_MS) == savepoint
    assert savepoint not in year.tracked
