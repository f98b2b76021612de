"""Stack traces have the line numbers of the served release, or no frames."""

import pytest

from flinkmock.contract import bundled_releases
from flinkmock.flink.stack_frames import future_frames, job_master_frames, task_frames
from flinkmock.release import Release


def release(minor: str) -> Release:
    return Release(minor, f"{minor}.0", "", "")


@pytest.mark.parametrize(("minor", "line", "thread_line"), [("2.3", 656, 840), ("1.20", 638, 840), ("1.13", 423, 829)])
def test_frames_of_tasks_have_the_line_numbers_of_the_release(minor: str, line: int, thread_line: int) -> None:
    trace = task_frames(release(minor))
    assert f"org.apache.flink.streaming.runtime.tasks.StreamTask.processInput(StreamTask.java:{line})" in trace
    assert trace[-1] == f"java.base/java.lang.Thread.run(Thread.java:{thread_line})"
    assert not any("Lambda" in frame for frame in trace)


@pytest.mark.parametrize("minor", ["1.12", "2.9"])
def test_a_release_with_unknown_line_numbers_has_no_frames(minor: str) -> None:
    assert task_frames(release(minor)) == ()


def test_only_some_recorded_releases_have_frames_of_the_job_master() -> None:
    assert [minor for minor in bundled_releases() if job_master_frames(release(minor))] == [
        "1.12",
        "1.18",
        "1.20",
        "2.1",
        "2.3",
    ]


def test_only_releases_on_java_17_have_frames_of_futures() -> None:
    assert [minor for minor in bundled_releases() if not future_frames(release(minor))] == ["1.12", "1.13", "1.14"]
