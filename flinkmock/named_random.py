"""Random numbers that depend only on the seed and on names.

Each draw has a name that says what it decides: `random.number("checkpoint", job_id, 7, "duration")`. Adding a job does
not change the numbers of other jobs, and the same seed gives the same cluster in another process or version of Python.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

Name = str | int


@dataclass(frozen=True, slots=True)
class UniformRange:
    """A number that is drawn uniformly from `low` to `high`, both inclusive; None for `high`: no upper limit.

    It is used for durations (ms) and sizes (bytes). `UniformRange(3000, 3000)` is exactly 3 s.
    """

    low: int
    high: int | None

    @classmethod
    def exactly(cls, value: int) -> UniformRange:
        return cls(value, value)

    @property
    def is_unbounded(self) -> bool:
        return self.high is None


@dataclass(frozen=True, slots=True)
class CyclicValues:
    """Numbers that are taken in turn, starting again after the last one.

    They are used for measured durations (ms) and sizes (bytes) of checkpoints.
    """

    values: tuple[int, ...]

    def of(self, number: int) -> int:
        """Return the value for a checkpoint id; the first id is 1."""
        return self.values[(number - 1) % len(self.values)]

    @property
    def low(self) -> int:
        return min(self.values)

    @property
    def high(self) -> int:
        return max(self.values)


UNBOUNDED = UniformRange(0, None)
ZERO = UniformRange(0, 0)


@dataclass(frozen=True, slots=True)
class NamedRandom:
    """The random draws of one seed."""

    seed: int

    def _digest(self, names: tuple[Name, ...]) -> bytes:
        text = "\x1f".join(map(str, (self.seed, *names)))
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=20).digest()  # names come from users

    def number(self, *names: Name) -> float:
        """Return a float in [0, 1)."""
        return int.from_bytes(self._digest(names)[:6], "big") / (1 << 48)

    def integer(self, low: int, high: int, *names: Name) -> int:
        """Return an int from `low` to `high`, both inclusive."""
        return low + int(self.number(*names) * (high - low + 1))

    def draw(self, values: object, *names: Name) -> int | None:
        """Return a random number in the range `values`, or a random one of these cyclic values.

        Returns:
            The number; None for a range without an upper limit, and for wait conditions.
        """
        if isinstance(values, CyclicValues):
            return values.values[self.integer(0, len(values.values) - 1, *names)]
        if not isinstance(values, UniformRange) or values.high is None:
            return None
        return values.low if values.low == values.high else self.integer(values.low, values.high, *names)

    def happens(self, chance: float, *names: Name) -> bool:
        """Return True with a probability from 0 to 1."""
        return chance > 0 and self.number(*names) < chance

    def hex(self, digits: int, *names: Name) -> str:
        """Return `digits` hexadecimal digits, at most 40."""
        return self._digest(names).hex()[:digits]

    def uuid(self, *names: Name) -> str:
        """Return a version 4 UUID as Java prints it."""
        digits = self.hex(32, *names)
        variant = "89ab"[int(digits[16], 16) % 4]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"
