"""A picture of a plan shows marks and names wherever there is space for them."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from flinkmock.dryrun.plan import Plan
from flinkmock.dryrun.svg import MAX_LANES, plan_as_svg
from flinkmock.dryrun.timeline import CheckpointEvent, EventKind, JobLane, StateInterval, Timeline, TimelineEvent

SVG_NAMESPACE = "{http://www.w3.org/2000/svg}"
FAILURE = "java.io.IOException: disk full"


def drawn(*lanes: JobLane, events: Sequence[TimelineEvent] = ()) -> ElementTree.Element:
    """Return the picture of 100 seconds, which has about 7 pixels a second."""
    timeline = Timeline(0, 100_000, list(lanes), list(events))
    return ElementTree.fromstring(plan_as_svg(Plan("plan", "plan\nFlink 2.3", timeline, (), (), (), ())))


def texts(picture: ElementTree.Element, tag: str) -> list[str]:
    """Return the texts of the elements with this tag, without those of tooltips inside of them."""
    return [
        "".join(element.itertext()).removeprefix(element.findtext(f"{SVG_NAMESPACE}title", ""))
        for element in picture.iter(f"{SVG_NAMESPACE}{tag}")
    ]


def operation(at: int, name: str) -> TimelineEvent:
    return TimelineEvent(at, EventKind.OPERATION, name, lane_index=0, end=at + 1_000)


def test_checkpoints_that_end_before_an_earlier_one_are_drawn() -> None:
    checkpoints = [
        CheckpointEvent(1, 1_000, 80_000, None, is_savepoint=True),
        CheckpointEvent(2, 10_000, 20_000, None, is_savepoint=False),
        CheckpointEvent(3, 30_000, 40_000, None, is_savepoint=False),
        CheckpointEvent(4, 39_000, 40_100, None, is_savepoint=False),  # it overlaps the previous one
        CheckpointEvent(5, 85_000, 90_000, None, is_savepoint=False),
    ]
    lane = JobLane("orders", intervals=[StateInterval("RUNNING", 0, None)], checkpoints=checkpoints, outlook="forever")
    titles = [title for title in texts(drawn(lane), "title") if title.endswith("completed")]
    assert titles == [
        "checkpoint 2 completed",
        "checkpoint 3 completed",
        "savepoint 1 completed",
        "checkpoint 5 completed",
    ]


def test_an_exception_is_named_between_two_events() -> None:
    states = [
        StateInterval("RUNNING", 0, 30_000),
        StateInterval("RESTARTING", 30_000, 70_000, FAILURE),
        StateInterval("RUNNING", 70_000, 90_000),
        StateInterval("RESTARTING", 90_000, 91_000, FAILURE),  # there is a savepoint
        StateInterval("RUNNING", 91_000, None),
    ]
    lane = JobLane("orders", intervals=states, outlook="forever")
    names = texts(drawn(lane, events=[operation(5_000, "checkpoint"), operation(89_000, "savepoint")]), "text")
    assert [name for name in names if name in ("checkpoint", "savepoint", "IOException")] == [
        "checkpoint",
        "savepoint",
        "IOException",
    ]


def test_no_name_overlaps_the_note_that_a_job_repeats_its_steps() -> None:
    states = [StateInterval("RUNNING", 0, 95_000), StateInterval("RESTARTING", 95_000, None, FAILURE)]
    lane = JobLane("orders", intervals=states, outlook="repeats RUNNING 95s", repeats=True)
    names = texts(drawn(lane, events=[operation(96_000, "savepoint")]), "text")
    assert "repeats" in names and not {"savepoint", "IOException"} & set(names)


def test_failed_has_no_stripes_in_the_legend_either() -> None:
    states = [StateInterval("FAILING", 0, 50_000, FAILURE), StateInterval("FAILED", 50_000, None, FAILURE)]
    picture = drawn(JobLane("orders", intervals=states))
    hatched = [element for element in picture.iter(f"{SVG_NAMESPACE}rect") if element.get("class") == "hatch"]
    assert len(hatched) == 2  # the bar of FAILING and its box in the legend
    assert texts(picture, "text")[-2:] == ["FAILING", "FAILED"]


def test_one_omitted_job_is_singular() -> None:
    lanes = [JobLane(f"job {number}") for number in range(MAX_LANES + 1)]
    assert "… and 1 more job" in texts(drawn(*lanes), "text")
    assert "… and 2 more jobs" in texts(drawn(*lanes, JobLane("last")), "text")
