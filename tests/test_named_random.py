"""Draws of `NamedRandom` depend only on the seed and the names, and stay within their range."""

from flinkmock.named_random import UNBOUNDED, NamedRandom, UniformRange


def test_a_seed_and_names_give_the_same_draw_in_every_process() -> None:
    assert NamedRandom(7).hex(32, "job", 1) == "5ddd3661cda52a63955e9ffca42dd083"


def test_other_names_and_other_seeds_give_other_numbers() -> None:
    numbers = {NamedRandom(seed).number(*names) for seed in (0, 1) for names in (("a",), ("b",), ("a", 1), ("a", 2))}
    assert len(numbers) == 8


def test_draws_stay_within_their_range() -> None:
    draws = {NamedRandom(0).draw(UniformRange(3, 5), "x", number) for number in range(200)}
    assert draws == {3, 4, 5}
    assert NamedRandom(0).draw(UNBOUNDED, "x") is None
    assert NamedRandom(0).draw(UniformRange.exactly(9), "x") == 9


def test_a_uuid_has_the_format_of_version_4() -> None:
    text = NamedRandom(0).uuid("jar", 1)
    assert [len(part) for part in text.split("-")] == [8, 4, 4, 4, 12]
    assert text[14] == "4" and text[19] in "89ab"


def test_a_name_may_contain_an_unpaired_surrogate() -> None:
    assert NamedRandom(0).hex(8, "a\ud800") != NamedRandom(0).hex(8, "a?")
