"""A lifecycle made flat: the steps in the order in which they are gone through, and where they begin again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flinkmock.cluster.spec import Lifecycle, Repeat, Step


@dataclass(frozen=True, slots=True)
class FlatLifecycle:
    """`loop_index` is the place the last step is followed by, or None if the script ends there."""

    steps: tuple[Step, ...]
    loop_index: int | None = None

    def next_index(self, place: int) -> int | None:
        """The place that follows `place`; None at the end."""
        return place + 1 if place + 1 < len(self.steps) else self.loop_index

    def next_step(self, place: int) -> Step | None:
        following = self.next_index(place)
        return None if following is None else self.steps[following]

    def remaining(self, place: int) -> FlatLifecycle:
        """What is left from `place` on, as a script of its own."""
        left = self.steps[place:]
        if self.loop_index is None or self.loop_index >= place:
            return FlatLifecycle(left, None if self.loop_index is None else self.loop_index - place)
        return FlatLifecycle((*left, *self.steps[self.loop_index :]), len(left))

    def next_running_index(self, place: int) -> int | None:
        """Where RUNNING is come to from `place` on, there or later; None if it is not any more."""
        later = [
            *range(place, len(self.steps)),
            *(range(self.loop_index, place) if self.loop_index is not None else ()),
        ]
        return next((each for each in later if self.steps[each].state == "RUNNING"), None)


def flatten(lifecycle: Lifecycle) -> FlatLifecycle:
    """Unrolls counted repeats; a repeat without end is the last thing that is ever reached."""
    steps: list[Step] = []
    loop = _unroll(lifecycle, steps)
    return FlatLifecycle(tuple(steps), loop)


def _unroll(items: Sequence[Step | Repeat], steps: list[Step]) -> int | None:
    for item in items:
        if isinstance(item, Step):
            steps.append(item)
        elif item.times is None:
            start = len(steps)
            inner = _unroll(item.steps, steps)
            return start if inner is None else inner
        else:
            for _ in range(item.times):
                loop = _unroll(item.steps, steps)
                if loop is not None:
                    return loop
    return None
