import pytest

from flinkmock.cluster.clock import Clock
from flinkmock.named_random import EPOCH_MS


class Wall:
    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        return self.now


def test_real_follows_the_wall_clock_and_never_goes_back() -> None:
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
    clock = Clock("virtual", wall)
    wall.now += 10_000
    assert clock.now() == EPOCH_MS
    assert clock.advance("2m30s") == EPOCH_MS + 150_000
    assert clock.on_request() == EPOCH_MS + 150_000


def test_a_step_for_each_request() -> None:
    clock = Clock("1s per request", Wall())
    assert [clock.on_request() for _ in range(3)] == [EPOCH_MS + 1_000, EPOCH_MS + 2_000, EPOCH_MS + 3_000]
    assert clock.now() == EPOCH_MS + 3_000


@pytest.mark.parametrize("text", ["reel", "0x", "-1x", "0s per request", "1 per request", ""])
def test_an_unknown_mode_is_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a clock\. Known: real, virtual, 10x \(a factor\), 1s per request"):
        Clock(text, Wall())


def test_a_clock_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="-1 is negative"):
        Clock("virtual", Wall()).advance(-1)
