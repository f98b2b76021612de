"""What a scenario says of the cluster itself: task managers, options, savepoints that lie there already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flinkmock.cluster.spec import ClusterSpec, LeaderChange, TaskManagerEvent, TaskManagerEventKind
from flinkmock.flink.configuration import HIGH_AVAILABILITY, SCHEDULER, STORE_DURATION, Configuration
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.quantities import span, whole

USUAL = ClusterSpec()


@dataclass(frozen=True, slots=True)
class ClusterReader:
    """Reads the section `cluster`, and `result-ttl` of the section `operations`, which is an option of Flink's."""

    given: Mapping[str, YamlNode]
    keep_results: YamlNode | None
    mistakes: Diagnostics

    def configuration(self) -> dict[str, str | None]:
        config = self.given.get("config")
        options = (
            {key: None if node.value is None else node.text for key, node in config.items.items()} if config else {}
        )
        if self.keep_results is not None:
            if STORE_DURATION.key in options:
                self.mistakes.add(
                    self.keep_results.place, f"config says {STORE_DURATION.key} as well: leave one of them out."
                )
            options[STORE_DURATION.key] = f"{span(self.keep_results, self.mistakes).low} ms"
        return options

    @property
    def scheduler(self) -> str | None:
        """What is configured."""
        return self.configuration().get(SCHEDULER.key)

    def jobmanagers(self) -> int:
        return self._count("jobmanagers", USUAL.jobmanagers)

    def leader_changes(self) -> tuple[LeaderChange, ...]:
        """When the leader falls, in the order of time. Several JobManagers are none without high availability."""
        node, options = self.given.get("jobmanagers"), self.configuration()
        said = options.keys() & {HIGH_AVAILABILITY.key, *HIGH_AVAILABILITY.aliases}
        if node is not None and self.jobmanagers() > 1 and said:
            kind = options[said.pop()] or "NONE"
            if not Configuration({HIGH_AVAILABILITY.key: kind}).highly_available:
                self.mistakes.add(node.place, f"several JobManagers need high availability, and config says {kind}.")
        found = []
        for moment, what in self._events("jobmanagers"):
            takes = what.get("crashes") if what.items else None
            found.append(LeaderChange(moment, span(takes, self.mistakes) if takes else LeaderChange(0).duration))
        return tuple(sorted(found, key=lambda change: change.at))

    def taskmanagers(self) -> int:
        return self._count("taskmanagers", USUAL.taskmanagers)

    def _count(self, section: str, usual: int) -> int:
        node = self.given.get(section)
        return whole(node.get("count") if node is not None and node.items else node, usual)

    def _events(self, section: str) -> Iterator[tuple[int, YamlNode]]:
        """When and what, of each line."""
        node = self.given.get(section)
        listed = node.get("events") if node is not None and node.items else None
        for line in listed.elements if listed is not None else ():
            for when, what in line.items.items():
                yield span(YamlNode(line.key_place(when), when, when), self.mistakes).low, what

    def slots(self) -> int:
        return whole(self.given.get("slots"), USUAL.slots)

    def events(self) -> tuple[TaskManagerEvent, ...]:
        """Who comes and goes, in the order of time. Whoever is not there can't go."""
        found = []
        for moment, what in self._events("taskmanagers"):
            if isinstance(what.value, dict):
                kind, number = next(iter(what.value.items()))
                found.append((TaskManagerEvent(moment, TaskManagerEventKind(kind), whole(number, 0)), number.place))
            else:
                found.append((TaskManagerEvent(moment, TaskManagerEventKind(what.text)), what.place))
        found.sort(key=lambda each: each[0].at)
        known = self.taskmanagers()
        there = set(range(known))
        for event, place in found:
            if event.kind == "joins":
                there.add(known)
                known += 1
                continue
            gone = min(there, default=None) if event.number is None else event.number
            if gone is None or gone not in there:
                who = "nobody" if not there else ", ".join(map(str, sorted(there)))
                missing = "there is none left to go" if gone is None else f"there is no task manager {gone}"
                self.mistakes.add(place, f"{missing}. At that time there is {who}, counted from 0.")
            else:
                there.remove(gone)
        return tuple(event for event, _ in found)

    def caches(self) -> bool | None:
        node = self.given.get("caches")
        return bool(node.value) if node is not None and node.value is not None else USUAL.caches

    def savepoints(self) -> tuple[str, ...]:
        node = self.given.get("savepoints")
        return tuple(path.text for path in node.elements) if node is not None else ()
