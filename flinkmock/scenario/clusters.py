"""Reads the section `cluster`: JobManagers, TaskManagers, Flink options, existing savepoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from flinkmock.cluster.cluster_spec import (
    ClusterSpec,
    LeaderChange,
    TaskManagerEvent,
    TaskManagerEventKind,
    TaskManagerSize,
)
from flinkmock.errors import InvalidArgument
from flinkmock.flink import configuration as flink_configuration
from flinkmock.flink.configuration import Configuration
from flinkmock.flink.memory import jobmanager_memory, taskmanager_memory
from flinkmock.flink.option_uses import OPTION_USES_BY_KEY, Use
from flinkmock.flink.option_values import OptionType, parse
from flinkmock.flink.options import (
    ASYNC_STORE_DURATION,
    HIGH_AVAILABILITY,
    TASK_MANAGER_PROCESS_SIZE,
    TASK_MANAGER_SLOTS,
)
from flinkmock.flink.paths import InvalidPath, parse_path
from flinkmock.ingress import IngressSpec
from flinkmock.scenario.diagnostics import Diagnostics, SourceLocation
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.ingress import read_ingress
from flinkmock.scenario.job_defaults import JobDefaults, job_defaults
from flinkmock.scenario.quantities import as_int, read_duration, read_duration_range

DEFAULTS = ClusterSpec()
MAX_SLOTS = 1000
"""The maximum number of slots of a TaskManager, as in the schema."""


@dataclass(frozen=True, slots=True)
class ClusterReader:
    """Reads the section `cluster`.

    Attributes:
        section: The entries of the section.
        result_ttl: The key `result-ttl` of the section `operations`, which sets a Flink option.
        diagnostics: Collects the mistakes.
    """

    section: Mapping[str, YamlNode]
    result_ttl: YamlNode | None
    diagnostics: Diagnostics

    def configuration(self) -> dict[str, str | None]:
        """Return the Flink options that the scenario sets; None removes a default."""
        config = self.section.get("config")
        options = _options(config) if config is not None else {}
        if self.result_ttl is not None:
            if ASYNC_STORE_DURATION.key in options:
                message = f"config also sets {ASYNC_STORE_DURATION.key}. Remove that option or result-ttl."
                self.diagnostics.add(self.result_ttl.location, message)
            options[ASYNC_STORE_DURATION.key] = f"{read_duration_range(self.result_ttl, self.diagnostics).low} ms"
        return options

    def check_options(self) -> None:
        """Report values that can't be parsed or applied, and sizes of memory that don't fit."""
        config, jobmanagers = self.section.get("config"), self.section.get("jobmanagers")
        configs = jobmanagers.elements_of("configs") if jobmanagers is not None and jobmanagers.items else []
        for node in configs if config is None else (config, *configs):
            self._check_values(node)
        if config is not None:
            configuration = self._with_defaults()
            try:
                taskmanager_memory(configuration, None)
                jobmanager_memory(configuration)
            except InvalidArgument as error:
                self.diagnostics.add(config.location, f"{error}.")

    def _check_values(self, config: YamlNode) -> None:
        for key, node in config.items.items():
            option = OPTION_USES_BY_KEY.get(key)
            if option is not None and option.use == Use.REJECTED and node.text.lower() == "true":
                self.diagnostics.add(node.location, f"{key} has no effect here: {option.effect}.")
            elif node.value is not None and (mistake := _mistake(key, node.text)) is not None:
                self.diagnostics.add(node.location, f"{key}: {mistake}.")

    def _with_defaults(self) -> Configuration:
        """Return the defaults of a fake cluster with the options of the scenario that can be parsed."""
        return Configuration(flink_configuration.DEFAULTS).with_values(self._parsable_options())

    def _parsable_options(self) -> dict[str, str | None]:
        options = self.configuration().items()
        return {key: value for key, value in options if value is None or _mistake(key, value) is None}

    @property
    def scheduler(self) -> str | None:
        """Return the scheduler that the configuration specifies."""
        values = {key: value for key, value in self.configuration().items() if value is not None}
        return Configuration(values).scheduler

    def jobmanager_count(self) -> int:
        return self._count("jobmanagers", DEFAULTS.jobmanager_count)

    def leader_changes(self) -> tuple[LeaderChange, ...]:
        """Return the crashes of the leader, sorted by time."""
        self._check_high_availability()
        changes = []
        for at, event in self._events("jobmanagers"):
            crash_at = at + self._hang_ms(event)
            duration = event.get("crashes")
            if duration is None:
                changes.append(LeaderChange(crash_at))
            else:
                changes.append(LeaderChange(crash_at, read_duration_range(duration, self.diagnostics)))
        return tuple(sorted(changes, key=lambda change: change.at))

    def leader_hangs(self) -> tuple[tuple[int, int], ...]:
        """Return the periods in which the leader hangs: start and end, in ms since the scenario's start.

        A leader that hangs has crashed, but its crash is noticed only at the end.
        """
        periods = []
        for at, event in self._events("jobmanagers"):
            if "hangs" in event.items:
                periods.append((at, at + self._hang_ms(event)))
        return tuple(periods)

    def _hang_ms(self, event: YamlNode) -> int:
        """Return how long the leader hangs before a crash, in ms; 0 if it doesn't hang."""
        return read_duration(event.get("hangs"), 0, self.diagnostics)

    def jobmanager_configurations(self) -> tuple[dict[str, str | None], ...]:
        """Return the options that each of the first JobManagers sets differently from the cluster."""
        node = self.section.get("jobmanagers")
        configs = node.elements_of("configs") if node is not None and node.items else []
        if len(configs) > self.jobmanager_count():
            message = f"configs has {len(configs)} entries, but count is {self.jobmanager_count()}."
            self.diagnostics.add(configs[-1].location, message)
        return tuple(map(_options, configs))

    def taskmanager_sizes(self) -> tuple[TaskManagerSize, ...]:
        """Return the slots and memory of the first TaskManagers; the others have those of the cluster."""
        node, sizes = self.section.get("taskmanagers"), []
        for entry in node.elements_of("sizes") if node is not None and node.items else []:
            slots, memory = entry.get("slots"), entry.text_of("memory")
            if memory is not None:
                configuration = self._with_defaults().with_values({TASK_MANAGER_PROCESS_SIZE.key: memory})
                try:
                    taskmanager_memory(configuration, None)
                except InvalidArgument as error:
                    self.diagnostics.add(entry.items["memory"].location, f"{error}.")
            sizes.append(TaskManagerSize(None if slots is None else as_int(slots, 1), memory))
        return tuple(sizes)

    def _check_high_availability(self) -> None:
        """Report an option that turns off high availability although there are several JobManagers."""
        node, options = self.section.get("jobmanagers"), self.configuration()
        keys = (HIGH_AVAILABILITY.key, *HIGH_AVAILABILITY.aliases)
        key = next((key for key in keys if key in options), None)
        if node is None or self.jobmanager_count() == 1 or key is None:
            return
        mode = options[key]
        if not Configuration({HIGH_AVAILABILITY.key: mode or "NONE"}).is_highly_available:
            problem = f"several JobManagers need high availability, but config sets {key} to {mode or 'null'}"
            self.diagnostics.add(node.location, f"{problem}. Remove that option.")

    def age(self) -> int:
        """Return how long the cluster has run when the scenario begins, in ms."""
        return read_duration(self.section.get("age"), DEFAULTS.age, self.diagnostics)

    def taskmanager_count(self) -> int:
        """Return the number of TaskManagers when the cluster starts."""
        return self._count("taskmanagers", DEFAULTS.taskmanager_count)

    def _count(self, key: str, default: int) -> int:
        node = self.section.get(key)
        return as_int(node.get("count") if node is not None and node.items else node, default)

    def _events(self, key: str) -> Iterator[tuple[int, YamlNode]]:
        """Yield the time (in ms since the scenario's start) and the event of each entry of `events`.

        Args:
            key: "jobmanagers" or "taskmanagers".
        """
        node = self.section.get(key)
        for entry in node.elements_of("events") if node is not None else ():
            for time, event in entry.items.items():
                time_node = YamlNode(entry.key_location(time), time, time)
                yield read_duration_range(time_node, self.diagnostics).low, event

    def version(self) -> str | None:
        node = self.section.get("version")
        return node.text if node is not None else DEFAULTS.version

    def slots_per_taskmanager(self) -> int:
        """Return the number of slots of each TaskManager, from the key `slots` or Flink's option."""
        node, option_value = self.section.get("slots"), self.configuration().get(TASK_MANAGER_SLOTS.key)
        if option_value is None:
            return as_int(node, DEFAULTS.slots_per_taskmanager)
        option_location = self.section["config"].items[TASK_MANAGER_SLOTS.key].location
        if node is not None and node.text != option_value:
            problem = f"{TASK_MANAGER_SLOTS.key} is {option_value}, but cluster.slots is {node.text}"
            self.diagnostics.add(option_location, f"{problem}. Remove one of them.")
        elif not option_value.isdecimal() or not 1 <= int(option_value) <= MAX_SLOTS:
            message = f"{option_value!r} is not a number of slots. Write a number from 1 to {MAX_SLOTS}."
            self.diagnostics.add(option_location, message)
        else:
            return int(option_value)
        return DEFAULTS.slots_per_taskmanager

    def job_defaults(self) -> JobDefaults:
        """Return the values that options of the cluster set for jobs."""
        values = {key: value for key, value in self._parsable_options().items() if value is not None}
        try:
            return job_defaults(Configuration(values))
        except InvalidArgument as error:
            self.diagnostics.add(self.section["config"].location, f"{error}.")
            return JobDefaults()

    def taskmanager_events(self) -> tuple[TaskManagerEvent, ...]:
        """Return when TaskManagers join, leave and are lost, sorted by time."""
        events = []
        for at, node in self._events("taskmanagers"):
            if isinstance(node.value, dict):
                kind, number_node = next(iter(node.value.items()))
                event = TaskManagerEvent(at, TaskManagerEventKind(kind), as_int(number_node, 0))
                events.append((event, number_node.location))
            else:
                events.append((TaskManagerEvent(at, TaskManagerEventKind(node.text)), node.location))
        events.sort(key=lambda entry: entry[0].at)
        self._check_taskmanagers_are_present(events)
        return tuple(event for event, _ in events)

    def _check_taskmanagers_are_present(self, events: Iterable[tuple[TaskManagerEvent, SourceLocation]]) -> None:
        """Report TaskManagers that leave or are lost although they are not present at that time."""
        joined_count = self.taskmanager_count()
        present = set(range(joined_count))
        for event, location in events:
            if event.kind == TaskManagerEventKind.JOINS:
                present.add(joined_count)
                joined_count += 1
                continue
            number = min(present, default=None) if event.number is None else event.number
            if number is None or not present:
                self.diagnostics.add(location, "no TaskManager is left at that time.")
            elif number not in present:
                numbers = ", ".join(map(str, sorted(present)))
                self.diagnostics.add(location, f"no TaskManager {number} at that time. Present: {numbers}.")
            else:
                present.remove(number)

    def ingress(self) -> IngressSpec:
        return read_ingress(self.section.get("ingress"), self.diagnostics)

    def with_caches(self) -> bool | None:
        """Return whether Flink's caches are modelled; None: only if the clock follows the wall clock."""
        node = self.section.get("caches")
        return bool(node.value) if node is not None and node.value is not None else DEFAULTS.with_caches

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


def _mistake(key: str, text: str) -> str | None:
    """Return why the value of an option can't be parsed; None if it can."""
    option = OPTION_USES_BY_KEY.get(key)
    if option is None or option.type == OptionType.TEXT:
        return None
    try:
        parse(text, option.type)
    except ValueError as error:
        return str(error)
    return None


def _options(node: YamlNode) -> dict[str, str | None]:
    return {key: None if value.value is None else value.text for key, value in node.items.items()}
