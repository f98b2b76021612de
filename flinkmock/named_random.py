"""Random numbers that depend on names and on nothing else.

Each choice has its own stream, named by what it decides: `stream.number("checkpoint", job_id, 7, "duration")`. Adding
a job changes no other job's numbers, and the same seed gives the same cluster in another process and on another
Python.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from flinkmock.cluster.spec import DurationSpec, UniformRange

Name = str | int


@dataclass(frozen=True, slots=True)
class NamedRandom:
    """All the choices that follow from one seed."""

    seed: int

    def _digest(self, names: tuple[Name, ...]) -> bytes:
        return blake2b("\x1f".join(map(str, (self.seed, *names))).encode(), digest_size=20).digest()

    def number(self, *names: Name) -> float:
        """A float in [0, 1)."""
        return int.from_bytes(self._digest(names)[:6], "big") / (1 << 48)

    def integer(self, low: int, high: int, *names: Name) -> int:
        """An int from `low` to `high`, both included."""
        return low + int(self.number(*names) * (high - low + 1))

    def draw(self, length: DurationSpec, *names: Name) -> int | None:
        """A number of a span; None if it is for ever, or if no number says how long it is."""
        if not isinstance(length, UniformRange) or length.high is None:
            return None
        return length.low if length.low == length.high else self.integer(length.low, length.high, *names)

    def happens(self, chance: float, *names: Name) -> bool:
        """True in so many cases: `chance` is from 0 to 1."""
        return chance > 0 and self.number(*names) < chance

    def hex(self, digits: int, *names: Name) -> str:
        """Hexadecimal digits, at most 40."""
        return self._digest(names).hex()[:digits]

    def uuid(self, *names: Name) -> str:
        """A version 4 UUID as Java prints it."""
        d = self.hex(32, *names)
        return f"{d[:8]}-{d[8:12]}-4{d[13:16]}-{'89ab'[int(d[16], 16) % 4]}{d[17:20]}-{d[20:32]}"
