"""murmur3_128 returns the hashes that Guava computes."""

from __future__ import annotations

import pytest

from flinkmock.flink.murmur3 import murmur3_128


@pytest.mark.parametrize(("data", "hexadecimal"), [
    (b"", "00000000000000000000000000000000"),
    (b"numbers", "ca88eee0095684d687a1b6495617f957"),  # the operator id of uid("numbers")
    (b"left-uid", "b8959cb54b876fc2db6948c3086a7f95"),
    (b"The quick brown fox jumps over the lazy dog", "6c1b07bc7bbc4be347939ac4a93c437a"),
])  # fmt: skip
def test_hashes_are_those_of_guava(data, hexadecimal):
    assert murmur3_128(data).hex() == hexadecimal
