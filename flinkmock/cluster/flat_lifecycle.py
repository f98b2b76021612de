"""A lifecycle without nested repeats: its steps in order, and where the endless loop starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flinkmock.cluster.spec import Lifecycle, Repeat, Step
from flinkmock.cluster.states import JobState


@dataclass(frozen=True, slots=True)
class FlatLifecycle:
    """A lifecycle as a list of steps.

    Attributes:
        steps: The steps in their order.
        loop_index: The index of the step that follows the last one; None if the lifecycle ends with the last one.
    """

    steps: tuple[Step, ...]
    loop_index: int | None = None

    def next_index(self, index: int) -> int | None:
        """Return the index of the step after `index`; None after the last one."""
        return index + 1 if index + 1 < len(self.steps) else self.loop_index

    def next_step(self, index: int) -> Step | None:
        """Return the step after the one at `index`; None after the last one."""
        next_step_index = self.next_index(index)
        return None if next_step_index is None else self.steps[next_step_index]

    def remaining(self, index: int) -> FlatLifecycle:
        """Return the rest of the lifecycle, from the step at `index` on."""
        steps = self.steps[index:]
        if self.loop_index is None or self.loop_index >= index:
            return FlatLifecycle(steps, None if self.loop_index is None else self.loop_index - index)
        return FlatLifecycle((*steps, *self.steps[self.loop_index :]), len(steps))

    def after(self, steps: Sequence[Step]) -> FlatLifecycle:
        """Return `steps`, followed by this lifecycle."""
        return FlatLifecycle((*steps, *self.steps), None if self.loop_index is None else self.loop_index + len(steps))

    def next_running_index(self, index: int) -> int | None:
        """Return the index of the first RUNNING step from `index` on; None if there is none."""
        loop = range(self.loop_index, index) if self.loop_index is not None else ()
        later_indexes = (*range(index, len(self.steps)), *loop)
        return next((index for index in later_indexes if self.steps[index].state == JobState.RUNNING), None)


def flatten(lifecycle: Lifecycle) -> FlatLifecycle:
    """Unroll counted repeats. Steps after an endless repeat are unreachable and left out."""
    steps: list[Step] = []
    loop_index = _append_unrolled(lifecycle, steps)
    return FlatLifecycle(tuple(steps), loop_index)


def _append_unrolled(items: Sequence[Step | Repeat], steps: list[Step]) -> int | None:
    """Append items to `steps`; return where the endless loop starts, None if there is none."""
    for item in items:
        if isinstance(item, Step):
            steps.append(item)
        elif item.times is None:
            start = len(steps)
            inner_loop_index = _append_unrolled(item.steps, steps)
            return start if inner_loop_index is None else inner_loop_index
        else:
            for _ in range(item.times):
                loop_index = _append_unrolled(item.steps, steps)
                if loop_index is not None:
                    return loop_index
    return None
