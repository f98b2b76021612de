"""Polls several paths in turn, and records the states that the responses to each of them show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.fidelity.driver import Body, Driver


class PolledPath(NamedTuple):
    """A path to poll, as a template, and a function that returns the text that the timeline shows for a body."""

    path: str
    state_of: Callable[[Body], str]


class Timelines:
    """Polls paths, and records the timeline of each as a step with the name "LABEL: NAME timeline".

    Args:
        driver: The driver that sends the requests.
        label: The beginning of the names of the steps.
        polled_paths: The paths by NAME.
        start: The `time.time()` at which the timelines begin.
    """

    def __init__(self, driver: Driver, label: str, polled_paths: Mapping[str, PolledPath], start: float) -> None:
        self._driver = driver
        self._polled_paths = polled_paths
        self._start = start
        self._steps = {
            name: driver.new_step(f"{label}: {name} timeline", {"method": "GET", "path": polled.path})
            | {"timeline": [], "polls": 0}
            for name, polled in polled_paths.items()
        }

    def poll(self) -> dict[str, Body]:
        """Request each path once; return the bodies by NAME."""
        bodies = {}
        for name, polled in self._polled_paths.items():
            response, bodies[name] = self._driver.exchange("GET", self._driver.fill(polled.path))
            self._driver.add_to_timeline(self._steps[name], self._start, response, bodies[name], polled.state_of)
        return bodies

    def record(self) -> None:
        """Add the steps to the recording."""
        for step in self._steps.values():
            self._driver.add_step(step, self._start)
