"""Draws inputs that are nearly valid, and tests code with them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hypothesis_profile import examples

REGRESSION_INPUT_FOLDER = Path(__file__).parent / "regressions"
"""The folder with inputs that once failed, in files named KIND-DESCRIPTION."""
_MAX_EDITS = 4
"""The maximum number of edits of a sample."""
_SPECIAL_BYTES = (0, 1, 0x7F, 0x80, 0xFF, ord('"'), ord("{"), ord("["), ord("\\"), ord("%"), ord("\n"), ord("-"))
"""Bytes that have a meaning in many formats."""


@st.composite
def edited(draw: st.DrawFn, samples: Sequence[bytes]) -> bytes:
    """Draw a sample, and edit it a few times.

    An edit replaces, removes, inserts or repeats bytes, cuts off the end, or copies bytes from another sample.
    """
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
            case "splice":
                other = draw(st.sampled_from(samples))
                data[start : start + length] = other[start : start + length]
    return bytes(data)


Check = Callable[[bytes], None]


def fuzzed(kind: str, samples: Sequence[bytes], count: int) -> Callable[[Check], Callable[..., None]]:
    """Turn a function that checks one input into a test of all regression inputs and of drawn inputs.

    A regression input is one for which the check once failed: a file in `regressions/` whose name starts with `kind`.
    If the environment variable FLINKMOCK_FUZZ_FAILURES names a folder, the test writes the failing input there.

    Args:
        kind: The kind of input, such as "jar".
        samples: Valid inputs, from which inputs are drawn (see `edited`).
        count: How many inputs are drawn with the hypothesis profile `quick` (see `tests.hypothesis_profile`).
    """

    def decorate(check: Check) -> Callable[..., None]:
        regression_inputs = sorted(REGRESSION_INPUT_FOLDER.glob(f"{kind}-*"))

        @examples(count)
        @given(edited(samples))
        def check_drawn_input(data: bytes) -> None:
            try:
                check(data)
            except BaseException:
                if folder := os.environ.get("FLINKMOCK_FUZZ_FAILURES"):
                    Path(folder, f"{kind}-failing").write_bytes(data)
                raise

        @pytest.mark.parametrize(
            "regression_input", [None, *regression_inputs], ids=lambda file: file.name if file else "drawn"
        )
        def test(regression_input: Path | None) -> None:
            if regression_input is None:
                check_drawn_input()
            else:
                check(regression_input.read_bytes())

        test.__doc__ = check.__doc__
        return test

    return decorate
