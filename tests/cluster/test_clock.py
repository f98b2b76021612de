"""The modes of the clock."""

import itertools

import pytest

from flinkmock.cluster.clock import DEFAULT_START_TIME, Clock


class WallClock:
    """A wall clock that the test sets, in epoch ms."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        return self.now


def test_a_real_clock_follows_the_wall_clock_and_never_goes_backwards() -> None:
    wall_clock = WallClock()
    clock = Clock("real", wall_clock)
    wall_clock.now += 500
    assert clock.now() == 1_000_500
    wall_clock.now -= 400
    assert clock.now() == 1_000_500


def test_a_scaled_clock_runs_faster_than_the_wall_clock() -> None:
    wall_clock = WallClock()
    clock = Clock("10x", wall_clock)
    wall_clock.now += 100
    assert clock.now() == 1_001_000


def test_a_virtual_clock_moves_only_when_it_is_advanced() -> None:
    wall_clock = WallClock()
    clock = Clock("virtual", wall_clock, DEFAULT_START_TIME)
    wall_clock.now += 10_000
    assert clock.now() == DEFAULT_START_TIME
    assert clock.advance("2m30s") == DEFAULT_START_TIME + 150_000
    assert clock.on_request() == DEFAULT_START_TIME + 150_000


def test_a_step_clock_advances_by_a_step_for_each_request() -> None:
    clock = Clock("1s per request", WallClock(), DEFAULT_START_TIME)
    assert [clock.on_request() for _ in range(3)] == [
        DEFAULT_START_TIME + 1_000,
        DEFAULT_START_TIME + 2_000,
        DEFAULT_START_TIME + 3_000,
    ]
    assert clock.now() == DEFAULT_START_TIME + 3_000


MODES = ["real", "virtual", "10x", "1s per request"]


@pytest.mark.parametrize("mode", MODES)
def test_a_clock_begins_at_the_time_of_the_wall_clock_or_at_the_start_time(mode: str) -> None:
    wall_clock = WallClock()
    assert Clock(mode, wall_clock).now() == wall_clock.now
    assert Clock(mode, wall_clock, DEFAULT_START_TIME).now() == DEFAULT_START_TIME


@pytest.mark.parametrize("mode", MODES)
def test_a_clock_can_be_rewound(mode: str) -> None:
    clock = Clock(mode, WallClock(), DEFAULT_START_TIME)
    clock.advance("1m")
    clock.rewind(DEFAULT_START_TIME + 5)
    assert clock.now() == DEFAULT_START_TIME + 5


def advances(pauses: list[int]) -> list[int]:
    """Return by how many ms each request advances a clock with a step of 1 s.

    Args:
        pauses: The time on the wall clock before each request, in ms.
    """
    wall_clock = WallClock()
    clock = Clock("1s per request", wall_clock, 0)
    times = [0]
    for pause in pauses:
        wall_clock.now += pause
        times.append(clock.on_request())
    return [after - before for before, after in itertools.pairwise(times)]


def test_a_step_clock_is_no_slower_than_the_wall_clock() -> None:
    assert advances([0, 5_002, 5_002, 1_003, 999]) == [1_000, 5_000, 5_000, 1_000, 1_000]
    assert advances([0, 1_500, 1_500, 1_500, 1_500]) == [1_000, 1_000, 2_000, 1_000, 2_000]
    assert sum(advances([0] + [2_900] * 100)) >= 290_000 - 1_000


def test_a_step_clock_ignores_pauses_below_two_steps_and_the_time_before_the_first_request() -> None:
    assert advances([60_000, 2, 1_999, 3, 2, 1_990]) == [1_000] * 6


def test_a_step_clock_that_was_ahead_of_the_wall_clock_does_not_slow_down_later() -> None:
    assert advances([0] * 40 + [5_000, 5_000])[-2:] == [5_000, 5_000]


def test_a_step_clock_advances_by_a_step_when_the_wall_clock_is_set_back() -> None:
    assert advances([0, -10_000, 1, 3_000]) == [1_000, 1_000, 1_000, 3_000]


def test_a_request_after_advance_to_does_not_count_the_same_wall_clock_time_again() -> None:
    wall_clock = WallClock()
    clock = Clock("1s per request", wall_clock, 0)
    assert clock.on_request() == 1_000
    wall_clock.now += 10_000
    assert clock.advance_to(11_000) == 11_000
    assert clock.advance_to(5_000) == 11_000
    assert clock.on_request() == 12_000


@pytest.mark.parametrize("text", ["reel", "0x", "-1x", "0s per request", "1 per request", ""])
def test_the_message_for_an_unknown_mode_lists_the_known_ones(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a clock\. Known: real, virtual, 10x \(a factor\), 1s per request"):
        Clock(text, WallClock())


def test_a_negative_duration_is_rejected() -> None:
    with pytest.raises(ValueError, match="-1 is negative"):
        Clock("virtual", WallClock()).advance(-1)
