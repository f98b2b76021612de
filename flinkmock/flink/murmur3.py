"""MurmurHash3 (x64, 128 bits, seed 0) as Guava's `Hashing.murmur3_128` computes it, for the operator ids of Flink."""

from __future__ import annotations

_MASK = (1 << 64) - 1
_C1, _C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F
_BLOCK_BYTES = 16


def murmur3_128(data: bytes) -> bytes:
    """Return the 16 bytes of the hash, the lower half first, both in little-endian order."""
    low = high = 0
    end_of_blocks = len(data) - len(data) % _BLOCK_BYTES
    for start in range(0, end_of_blocks, _BLOCK_BYTES):
        low ^= _mix_low(int.from_bytes(data[start : start + 8], "little"))
        low = ((_rotate(low, 27) + high) * 5 + 0x52DCE729) & _MASK
        high ^= _mix_high(int.from_bytes(data[start + 8 : start + _BLOCK_BYTES], "little"))
        high = ((_rotate(high, 31) + low) * 5 + 0x38495AB5) & _MASK
    low ^= _mix_low(int.from_bytes(data[end_of_blocks : end_of_blocks + 8], "little"))
    high ^= _mix_high(int.from_bytes(data[end_of_blocks + 8 :], "little"))
    low, high = low ^ len(data), high ^ len(data)
    low = (low + high) & _MASK
    high = (high + low) & _MASK
    low, high = _finish(low), _finish(high)
    low = (low + high) & _MASK
    high = (high + low) & _MASK
    return low.to_bytes(8, "little") + high.to_bytes(8, "little")


def _rotate(value: int, bits: int) -> int:
    return (value << bits | value >> (64 - bits)) & _MASK


def _mix_low(block: int) -> int:
    return _rotate(block * _C1 & _MASK, 31) * _C2 & _MASK


def _mix_high(block: int) -> int:
    return _rotate(block * _C2 & _MASK, 33) * _C1 & _MASK


def _finish(value: int) -> int:
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & _MASK
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & _MASK
    return value ^ value >> 33
