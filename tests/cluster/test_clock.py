import itertools

import pytest

from flinkmock.cluster.clock import DEFAULT_START_TIME, Clock


class Wall:
    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        return self.now


def test_a_real_clock_follows_the_wall_clock_and_never_goes_backwards() -> None:
    wall = Wall()
    clock = Clock("real", wall)
    wall.now += 500
    assert clock.now() == 1_000_500
    wall.now -= 400
    assert clock.now() == 1_000_500


def test_scaled_runs_faster_from_the_start_on() -> None:
    wall = Wall()
    clock = Clock("10x", wall)
    wall.now += 100
    assert clock.now() == 1_001_000


def test_virtual_moves_only_by_advance() -> None:
    wall = Wall()
    clock = Clock("virtual", wall, DEFAULT_START_TIME)
    wall.now += 10_000
    assert clock.now() == DEFAULT_START_TIME
    assert clock.advance("2m30s") == DEFAULT_START_TIME + 150_000
    assert clock.on_request() == DEFAULT_START_TIME + 150_000


def test_a_step_for_each_request() -> None:
    clock = Clock("1s per request", Wall(), DEFAULT_START_TIME)
    assert [clock.on_request() - DEFAULT_START_TIME for _ in range(3)] == [1_000, 2_000, 3_000]
    assert clock.now() == DEFAULT_START_TIME + 3_000


@pytest.mark.parametrize("mode", ["real", "virtual", "10x", "1s per request"])
def test_it_begins_at_the_time_of_the_wall_clock_or_at_the_start_time(mode: str) -> None:
    wall = Wall()
    assert Clock(mode, wall).now() == wall.now
    clock = Clock(mode, wall, DEFAULT_START_TIME)
    assert clock.now() == DEFAULT_START_TIME
    clock.rewind(DEFAULT_START_TIME + 5)
    assert clock.now() == DEFAULT_START_TIME + 5


def steps(pauses: list[int]) -> list[int]:
    """Return the ms by which each request advances a clock. `pauses` are ms on the wall clock before the requests."""
    wall = Wall()
    clock = Clock("1s per request", wall, 0)
    times = [0]
    for pause in pauses:
        wall.now += pause
        times.append(clock.on_request())
    return [after - before for before, after in itertools.pairwise(times)]


def test_a_step_clock_is_no_slower_than_the_wall_clock() -> None:
    assert steps([0, 5_002, 5_002, 1_003, 999]) == [1_000, 5_000, 5_000, 1_000, 1_000]
    assert steps([0, 1_500, 1_500, 1_500, 1_500]) == [1_000, 1_000, 2_000, 1_000, 2_000]
    assert sum(steps([0] + [2_900] * 100)) >= 290_000 - 1_000


def test_a_step_clock_ignores_pauses_below_two_steps_and_the_time_before_the_first_request() -> None:
    assert steps([60_000, 2, 1_999, 3, 2, 1_990]) == [1_000] * 6


def test_a_lead_over_the_wall_clock_does_not_slow_a_step_clock_down_later() -> None:
    assert steps([0] * 40 + [5_000, 5_000])[-2:] == [5_000, 5_000]


def test_a_step_clock_survives_a_wall_clock_that_is_set_back() -> None:
    assert steps([0, -10_000, 1, 3_000]) == [1_000, 1_000, 1_000, 3_000]


def test_a_moment_that_the_wall_clock_has_reached_counts_once() -> None:
    wall = Wall()
    clock = Clock("1s per request", wall, 0)
    assert clock.on_request() == 1_000
    wall.now += 10_000
    assert clock.advance_to(11_000) == 11_000
    assert clock.advance_to(5_000) == 11_000
    assert clock.on_request() == 12_000


@pytest.mark.parametrize("text", ["reel", "0x", "-1x", "0s per request", "1 per request", ""])
def test_an_unknown_mode_is_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a clock\. Known: real, virtual, 10x \(a factor\), 1s per request"):
        Clock(text, Wall())


def test_a_clock_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="-1 is negative"):
        Clock("virtual", Wall()).advance(-1)
