"""Draws inputs that are nearly valid, and tests code with them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hypothesis_profile import examples

REGRESSIONS = Path(__file__).parent / "regressions"
"""The folder with inputs that once failed: KIND-DESCRIPTION."""
_MAX_EDITS = 4
"""The maximum number of changes to a sample."""
_SPECIAL_BYTES = (0, 1, 0x7F, 0x80, 0xFF, ord('"'), ord("{"), ord("["), ord("\\"), ord("%"), ord("\n"), ord("-"))
"""Bytes that have a meaning in many formats."""


@st.composite
def mutated(draw: st.DrawFn, samples: Sequence[bytes]) -> bytes:
    """Draw one of the samples with a few changes: bytes replaced, removed, inserted, repeated, or its end cut off."""
    data = bytearray(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(0, _MAX_EDITS))):
        start = draw(st.integers(0, max(len(data) - 1, 0)))
        length = draw(st.integers(0, 16))
        match draw(st.sampled_from(("replace", "remove", "insert", "repeat", "cut", "splice"))):
            case "replace":
                data[start : start + 1] = bytes([draw(st.sampled_from(_SPECIAL_BYTES) | st.integers(0, 255))])
            case "remove":
                del data[start : start + length]
            case "insert":
                data[start:start] = draw(st.binary(max_size=16))
            case "repeat":
                data[start:start] = data[start : start + length] * draw(st.integers(1, 20))
            case "cut":
                del data[start:]
            case _:
                other = draw(st.sampled_from(samples))
                data[start : start + length] = other[start : start + length]
    return bytes(data)


Check = Callable[[bytes], None]


def fuzzed(kind: str, samples: Sequence[bytes], count: int) -> Callable[[Check], Callable[..., None]]:
    """Turn a function that checks one input into a test of all regressions and of drawn inputs.

    A regression is an input for which the check once failed: a file in `regressions/` whose name starts with `kind`. If
    the environment variable FLINKMOCK_FUZZ_FAILURES names a folder, the test writes the failing input there.

    Args:
        kind: The kind of input, such as "jar".
        samples: Valid inputs, from which inputs are drawn (see `mutated`).
        count: How many inputs a quick run draws.
    """

    def decorate(check: Check) -> Callable[..., None]:
        regressions = sorted(REGRESSIONS.glob(f"{kind}-*"))

        @examples(count)
        @given(mutated(samples))
        def check_drawn_input(data: bytes) -> None:
            try:
                check(data)
            except BaseException:
                if folder := os.environ.get("FLINKMOCK_FUZZ_FAILURES"):
                    Path(folder, f"{kind}-failing").write_bytes(data)
                raise

        @pytest.mark.parametrize("regression", [None, *regressions], ids=lambda file: file.name if file else "drawn")
        def test(regression: Path | None) -> None:
            if regression is None:
                check_drawn_input()
            else:
                check(regression.read_bytes())

        test.__doc__ = check.__doc__
        return test

    return decorate
