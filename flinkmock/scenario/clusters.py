"""The section `cluster`: JobManagers, TaskManagers, Flink options, existing savepoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flinkmock.cluster.cluster_spec import (
    ClusterSpec,
    LeaderChange,
    TaskManagerEvent,
    TaskManagerEventKind,
    TaskManagerSize,
)
from flinkmock.errors import InvalidArgument
from flinkmock.flink.configuration import (
    DEFAULTS as CONFIGURATION,
)
from flinkmock.flink.configuration import (
    HIGH_AVAILABILITY,
    SLOTS,
    STORE_DURATION,
    TASK_MANAGER_PROCESS_SIZE,
    Configuration,
)
from flinkmock.flink.memory import taskmanager_memory
from flinkmock.flink.options import BY_NAME, Use
from flinkmock.flink.paths import InvalidPath, parse_path
from flinkmock.ingress import IngressSpec
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.ingress import read_ingress
from flinkmock.scenario.job_defaults import JobDefaults, job_defaults
from flinkmock.scenario.quantities import as_int, read_duration, read_duration_range

DEFAULTS = ClusterSpec()


@dataclass(frozen=True, slots=True)
class ClusterReader:
    """Reads the section `cluster`.

    Attributes:
        section: The entries of the section.
        result_ttl: The key `result-ttl` of the section `operations`. It sets a Flink option.
        diagnostics: Collects the mistakes.
    """

    section: Mapping[str, YamlNode]
    result_ttl: YamlNode | None
    diagnostics: Diagnostics

    def configuration(self) -> dict[str, str | None]:
        config = self.section.get("config")
        options = (
            {key: None if node.value is None else node.text for key, node in config.items.items()} if config else {}
        )
        if self.result_ttl is not None:
            if STORE_DURATION.key in options:
                message = f"config sets {STORE_DURATION.key}, too. Remove one of them."
                self.diagnostics.add(self.result_ttl.location, message)
            options[STORE_DURATION.key] = f"{read_duration_range(self.result_ttl, self.diagnostics).low} ms"
        return options

    def check_options(self) -> None:
        """Report options that the fake can't apply."""
        config = self.section.get("config")
        for key, node in (config.items if config else {}).items():
            option = BY_NAME.get(key)
            if option is not None and option.use == Use.REJECTED and node.text.lower() == "true":
                self.diagnostics.add(node.location, f"{key} has no effect here: {option.effect}.")

    @property
    def scheduler(self) -> str | None:
        """Return the scheduler that the configuration specifies."""
        values = {key: value for key, value in self.configuration().items() if value is not None}
        return Configuration(values).scheduler

    def jobmanagers(self) -> int:
        return self._count("jobmanagers", DEFAULTS.jobmanagers)

    def leader_changes(self) -> tuple[LeaderChange, ...]:
        """Return the crashes of the leader, sorted by time."""
        self._check_high_availability()
        changes = []
        for at, event in self._events("jobmanagers"):
            at += self._hang(event)
            duration = event.get("crashes") if event.items else None
            if duration is None or duration.value is None:
                changes.append(LeaderChange(at))
            else:
                changes.append(LeaderChange(at, read_duration_range(duration, self.diagnostics)))
        return tuple(sorted(changes, key=lambda change: change.at))

    def hangs(self) -> tuple[tuple[int, int], ...]:
        """Return when the leader hangs, and when its crash is noticed, in ms since the cluster's start."""
        windows = []
        for at, event in self._events("jobmanagers"):
            if event.items and "hangs" in event.items:
                windows.append((at, at + self._hang(event)))
        return tuple(windows)

    def _hang(self, event: YamlNode) -> int:
        node = event.get("hangs") if event.items else None
        return read_duration(node, 0, self.diagnostics)

    def jobmanager_configurations(self) -> tuple[dict[str, str | None], ...]:
        """Return the options of each JobManager."""
        node = self.section.get("jobmanagers")
        configs = node.elements_of("configs") if node is not None and node.items else []
        if len(configs) > self.jobmanagers():
            self.diagnostics.add(configs[-1].location, f"there are {self.jobmanagers()} JobManagers.")
        return tuple(
            {key: None if value.value is None else value.text for key, value in config.items.items()}
            for config in configs
        )

    def taskmanager_sizes(self) -> tuple[TaskManagerSize, ...]:
        """Return slots and memory of each TaskManager."""
        node, sizes = self.section.get("taskmanagers"), []
        for entry in node.elements_of("sizes") if node is not None and node.items else []:
            slots, memory = entry.get("slots"), entry.text_of("memory")
            size = TaskManagerSize(None if slots is None else as_int(slots, 1), memory)
            if memory is not None:
                try:
                    taskmanager_memory(Configuration({**CONFIGURATION, TASK_MANAGER_PROCESS_SIZE.key: memory}), None)
                except InvalidArgument as error:
                    self.diagnostics.add(entry.items["memory"].location, str(error))
            sizes.append(size)
        return tuple(sizes)

    def _check_high_availability(self) -> None:
        node, options = self.section.get("jobmanagers"), self.configuration()
        configured = options.keys() & {HIGH_AVAILABILITY.key, *HIGH_AVAILABILITY.aliases}
        if node is None or self.jobmanagers() == 1 or not configured:
            return
        kind = options[configured.pop()] or "NONE"
        if not Configuration({HIGH_AVAILABILITY.key: kind}).highly_available:
            message = f"several JobManagers need high availability, but config sets it to {kind}."
            self.diagnostics.add(node.location, message)

    def age(self) -> int:
        return read_duration(self.section.get("age"), DEFAULTS.age, self.diagnostics)

    def taskmanagers(self) -> int:
        return self._count("taskmanagers", DEFAULTS.taskmanagers)

    def _count(self, key: str, default: int) -> int:
        node = self.section.get(key)
        return as_int(node.get("count") if node is not None and node.items else node, default)

    def _events(self, key: str) -> Iterator[tuple[int, YamlNode]]:
        """Yield time (in ms since the cluster's start) and event of each entry."""
        node = self.section.get(key)
        events = node.get("events") if node is not None and node.items else None
        for entry in events.elements if events is not None else ():
            for time, event in entry.items.items():
                yield read_duration_range(YamlNode(entry.key_location(time), time, time), self.diagnostics).low, event

    def version(self) -> str | None:
        node = self.section.get("version")
        return node.text if node is not None else DEFAULTS.version

    def slots(self) -> int:
        """Return the slots of each TaskManager, from a key of the section or the option of Flink."""
        node, text = self.section.get("slots"), self.configuration().get(SLOTS.key)
        if text is None:
            return as_int(node, DEFAULTS.slots)
        option = self.section["config"].items[SLOTS.key]
        if node is not None and node.text != text:
            self.diagnostics.add(option.location, f"slots is {node.text}. Remove one of them.")
        elif not text.isdecimal() or int(text) < 1:
            self.diagnostics.add(option.location, f"{text!r} is not a number of slots.")
        else:
            return int(text)
        return DEFAULTS.slots

    def job_defaults(self) -> JobDefaults:
        """Return the values that options of the cluster set for jobs."""
        values = {key: value for key, value in self.configuration().items() if value is not None}
        try:
            return job_defaults(Configuration(values))
        except InvalidArgument as error:
            self.diagnostics.add(self.section["config"].location, str(error))
            return JobDefaults()

    def taskmanager_events(self) -> tuple[TaskManagerEvent, ...]:
        """Return the TaskManagers that join and leave, sorted by time."""
        events = []
        for at, node in self._events("taskmanagers"):
            if isinstance(node.value, dict):
                kind, number_node = next(iter(node.value.items()))
                event = TaskManagerEvent(at, TaskManagerEventKind(kind), as_int(number_node, 0))
                events.append((event, number_node.location))
            else:
                events.append((TaskManagerEvent(at, TaskManagerEventKind(node.text)), node.location))
        events.sort(key=lambda entry: entry[0].at)
        joined = self.taskmanagers()
        present = set(range(joined))
        for event, location in events:
            if event.kind == "joins":
                present.add(joined)
                joined += 1
                continue
            number = min(present, default=None) if event.number is None else event.number
            if number is None or not present:
                self.diagnostics.add(location, "no TaskManager is left at that time.")
            elif number not in present:
                numbers = ", ".join(map(str, sorted(present)))
                self.diagnostics.add(location, f"no TaskManager {number} at that time. Present: {numbers}.")
            else:
                present.remove(number)
        return tuple(event for event, _ in events)

    def ingress(self) -> IngressSpec:
        return read_ingress(self.section.get("ingress"), self.diagnostics)

    def caches(self) -> bool | None:
        node = self.section.get("caches")
        return bool(node.value) if node is not None and node.value is not None else DEFAULTS.caches

    def savepoints(self) -> tuple[str, ...]:
        node = self.section.get("savepoints")
        paths = node.elements if node is not None else ()
        for path in paths:
            try:
                parse_path(path.text)
            except InvalidPath as error:
                self.diagnostics.add(path.location, f"{path.text!r} is not a path: {error}.")
        return tuple(path.text for path in paths)

    def file_systems(self) -> tuple[str, ...] | None:
        node = self.section.get("file-systems")
        return None if node is None else tuple(scheme.text for scheme in node.elements)
