"""Polls several paths in turn, and records the states that the responses to each of them show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.fidelity.driver import Body, Driver


class View(NamedTuple):
    """A path to poll, as a template, and a function that returns the text that the timeline shows for a body."""

    path: str
    state_of: Callable[[Body], str]


class Timelines:
    """Polls views, and records the timeline of each as a step with the name "LABEL: VIEW timeline".

    Args:
        driver: The driver that sends the requests.
        label: The beginning of the names of the steps.
        views: The views by name.
        start: The `time.time()` at which the timelines begin.
    """

    def __init__(self, driver: Driver, label: str, views: Mapping[str, View], start: float) -> None:
        self._driver = driver
        self._views = views
        self._start = start
        self._steps = {
            name: driver.new_step(f"{label}: {name} timeline", {"method": "GET", "path": view.path})
            | {"timeline": [], "polls": 0}
            for name, view in views.items()
        }

    def poll(self) -> dict[str, Body]:
        """Request each view once; return the bodies by view."""
        bodies = {}
        for name, view in self._views.items():
            response, bodies[name] = self._driver.exchange("GET", self._driver.fill(view.path))
            self._driver.add_to_timeline(self._steps[name], self._start, response, bodies[name], view.state_of)
        return bodies

    def record(self) -> None:
        """Add the steps to the recording."""
        for step in self._steps.values():
            self._driver.add_step(step, self._start)
