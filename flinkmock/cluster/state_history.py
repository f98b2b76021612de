"""The states of a job, with the times at which it entered them.

Looking up a time in the long history of a job that restarts again and again takes about as long as in a short history.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import overload

from flinkmock.cluster.states import JobState

Entry = tuple[int, JobState]
"""When a state was entered (epoch ms), and the state."""
_MAX_SHORT_LENGTH = 24
"""The number of entries up to which it is faster to read all of them than to keep `_times`."""


@dataclass(eq=False, slots=True)
class StateHistory:
    """The entries of a job, oldest first. Entries are added, but never removed."""

    _entries: list[Entry] = field(default_factory=list)
    _times: dict[JobState, list[int]] | None = None
    """State -> the times at which it was entered (epoch ms), ordered by the first time; None for a short history."""

    def enter(self, state: JobState, at: int) -> None:
        """Add an entry for a state that the job enters at `at` (epoch ms)."""
        self._entries.append((at, state))
        if self._times is not None:
            self._times.setdefault(state, []).append(at)
        elif len(self._entries) > _MAX_SHORT_LENGTH:
            self._times = {}
            for entered_at, entered in self._entries:
                self._times.setdefault(entered, []).append(entered_at)

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        return self._entries[index]

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def entry_at(self, time: int) -> Entry:
        """Return the last entry by `time` (epoch ms); the first one if `time` is earlier."""
        return self._entries[max(bisect_right(self._entries, time, key=_entered_at) - 1, 0)]

    def since(self, time: int) -> list[Entry]:
        """Return the entries from `time` (epoch ms) on."""
        return self._entries[bisect_left(self._entries, time, key=_entered_at) :]

    def last_entered(self, time: int) -> dict[JobState, int]:
        """Return the states entered by `time`, each with the time at which it was last entered (epoch ms)."""
        if self._times is None:
            return {state: at for at, state in self._entries if at <= time}
        last_entered = {}
        for state, times in self._times.items():
            count = bisect_right(times, time)
            if count:
                last_entered[state] = times[count - 1]
        return last_entered

    def entry_count(self, state: JobState, time: int, since: int = 0) -> int:
        """Return how often a state was entered from `since` to `time` (epoch ms)."""
        if self._times is None:
            return sum(entered is state and since <= at <= time for at, entered in self._entries)
        times = self._times.get(state, [])
        return max(bisect_right(times, time) - bisect_left(times, since), 0)


def _entered_at(entry: Entry) -> int:
    return entry[0]
