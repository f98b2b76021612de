"""The targets of checks are limited."""

import pytest

from flinkmock.conformance.targets import first_and_last


@pytest.mark.parametrize(
    ("limit", "expected"), [(1, [1]), (2, [1, 5]), (3, [1, 2, 5]), (4, [1, 2, 4, 5]), (5, [1, 2, 3, 4, 5])]
)
def test_the_first_and_the_last_values_are_used(limit: int, expected: list[int]) -> None:
    assert first_and_last([1, 2, 3, 4, 5], limit) == expected
