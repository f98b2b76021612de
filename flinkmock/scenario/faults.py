"""Reads the section `faults`: what goes wrong between clients and the cluster."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from flinkmock.cluster.slots import SLOT_HISTORY_MS
from flinkmock.cluster.states import JOB_STATES
from flinkmock.contract.pattern import WILDCARD, Pattern
from flinkmock.contract.value_path import ValuePath
from flinkmock.contract.variation import Change
from flinkmock.errors import InvalidArgument, did_you_mean
from flinkmock.faults import (
    FIRST_PRESENT_TASKMANAGER,
    Corruption,
    CorruptionKind,
    Drop,
    Fault,
    FaultTrigger,
    JobStateCondition,
    LogNormal,
    PredefinedReply,
    Reply,
)
from flinkmock.faults.variation import Variation
from flinkmock.named_random import UniformRange
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.quantities import (
    as_int,
    as_int_set,
    as_probability,
    read_duration,
    read_duration_range,
    read_size_range,
)
from flinkmock.scenario.request_patterns import RequestReader

EFFECTS = (
    "delay", "reply", "throttle", "drop", "corrupt", "set", "vary", "serve-stale", "leader-failover", "kill-taskmanager"
)  # fmt: skip
"""The keys of a fault's effects, in the order in which default names list them."""


@dataclass(frozen=True, slots=True)
class FaultReader:
    """Reads faults.

    Attributes:
        request_reader: Reads the requests of `match`.
        job_names: The names of the jobs in the scenario; None if jobs can have any name.
        diagnostics: Collects the mistakes.
    """

    request_reader: RequestReader
    job_names: Collection[str] | None
    diagnostics: Diagnostics

    def read(self, nodes: list[YamlNode]) -> tuple[Fault, ...]:
        """Read faults. A fault without a name is named after its requests and effects."""
        faults: dict[str, Fault] = {}
        for node in nodes:
            name_node = node.get("name")
            name = name_node.text if name_node else _default_name(node)
            if name_node and name in faults:
                self.diagnostics.add(name_node.location, f'duplicate fault "{name}".')
            unique_name, number = name, 1
            while unique_name in faults:
                number += 1
                unique_name = f"{name} ({number})"
            faults[unique_name] = self._fault(node, unique_name)
        return tuple(faults.values())

    def _fault(self, node: YamlNode, name: str) -> Fault:
        throttle, drop = node.get("throttle"), node.get("drop")
        failover, taskmanager = node.get("leader-failover"), node.get("kill-taskmanager")
        trigger, definition = self._trigger(node), node.to_python()
        assert isinstance(definition, dict)
        return Fault(
            name,
            trigger,
            delay=self._delay(node.get("delay")),
            reply=_reply(node.get("reply")),
            throttle=self._rate(throttle) if throttle else None,
            drop=Drop(drop.text) if drop else None,
            corrupt=self._corrupt(node.get("corrupt")),
            set_values=self._set_values(node, trigger.patterns),
            vary=self._variation(node.get("vary"), trigger.patterns),
            serve_stale=self._serve_stale(node, trigger.patterns),
            leader_failover=read_duration_range(failover, self.diagnostics) if failover else None,
            # a number, or "first"
            kill_taskmanager=as_int(taskmanager, FIRST_PRESENT_TASKMANAGER) if taskmanager else None,
            definition=definition,
        )

    def _corrupt(self, node: YamlNode | None) -> Corruption | None:
        if node is None:
            return None
        if not isinstance(node.value, dict):
            return Corruption(CorruptionKind(node.text))
        kind, field = next(iter(node.items.items()))
        try:
            ValuePath.parse(field.text)
        except InvalidArgument as error:
            self.diagnostics.add(field.location, str(error))
        return Corruption(CorruptionKind(kind), field.text)

    def _set_values(self, node: YamlNode, patterns: tuple[Pattern, ...]) -> dict[ValuePath, object]:
        """Read `set`, and check that responses to the requests can have values at these paths."""
        values: dict[ValuePath, object] = {}
        set_node = node.get("set")
        if set_node is None:
            return values
        for text, value in set_node.items.items():
            try:
                path = ValuePath.parse(text)
            except InvalidArgument as error:
                self.diagnostics.add(set_node.key_location(text), str(error))
                continue
            values[path] = value.to_python()
            problem = self.request_reader.problem_with_path(path, patterns)
            if problem is not None:
                self.diagnostics.add(set_node.key_location(text), problem)
        return values

    def _variation(self, node: YamlNode | None, patterns: tuple[Pattern, ...]) -> Variation | None:
        """Read `vary`, and check that the contract allows the changes."""
        if node is None:
            return None
        if not isinstance(node.value, dict):  # "all" has no elements
            return Variation(frozenset(Change(element.text) for element in node.elements) or frozenset(Change))
        values = {}
        for text, change in node.items.items():
            try:
                path = ValuePath.parse(text)
            except InvalidArgument as error:
                self.diagnostics.add(node.key_location(text), str(error))
                continue
            values[path] = Change(change.text)
            problem = self.request_reader.problem_with_change(path, values[path], patterns)
            if problem is not None:
                self.diagnostics.add(node.key_location(text), problem)
        return Variation(values=values)

    def _serve_stale(self, node: YamlNode, patterns: Sequence[Pattern]) -> int | None:
        """Read the age of stale responses, in ms. The age is limited, because the cluster forgets older slots."""
        age_node = node.get("serve-stale")
        if age_node is None:
            return None
        age = read_duration(age_node, 0, self.diagnostics)
        if not 0 < age <= SLOT_HISTORY_MS:
            self.diagnostics.add(age_node.location, "serve-stale must be more than 0 and at most 1m.")
        match = node.get("match")
        for request, pattern in zip((match.elements or [match]) if match else (), patterns, strict=True):
            if pattern.method not in ("GET", WILDCARD):
                message = f"serve-stale applies to GET requests, not to {pattern.method}."
                self.diagnostics.add(request.location, message)
        return age

    def _trigger(self, node: YamlNode) -> FaultTrigger:
        job, during, times, chance = node.get("job"), node.get("during"), node.get("times"), node.get("chance")
        job_state = node.get("while-job")
        if job:
            self._check_job(job, job.text)
        return FaultTrigger(
            patterns=self.request_reader.read_list(node.get("match")),
            job=job.text if job else None,
            headers=_texts_of(node, "headers"),
            during=self._during(during) if during else None,
            job_state=self._job_state_condition(job_state) if job_state else None,
            every=as_int(node.get("every"), 1),
            nth=as_int_set(node.get("nth")),
            chance=as_probability(chance) if chance else 1.0,
            times=as_int(times, 1) if times else None,
        )

    def _during(self, node: YamlNode) -> tuple[int, int | None]:
        """Return the start and end of a period in ms since the scenario's start. An endless period has the end None."""
        begin, _, end = node.text.partition("..")
        if end == "forever":
            return read_duration(YamlNode(node.location, begin, begin), 0, self.diagnostics), None
        during = read_duration_range(node, self.diagnostics)
        return during.low, during.high

    def _job_state_condition(self, node: YamlNode) -> JobStateCondition:
        job, _, state = node.text.rpartition(" ")
        if state not in JOB_STATES:
            message = f'"{state}" is not a Flink job state.{did_you_mean(state, JOB_STATES)}'
            self.diagnostics.add(node.location, message)
        self._check_job(node, job)
        return JobStateCondition(job, state)

    def _check_job(self, node: YamlNode, name: str) -> None:
        if self.job_names is not None and name not in self.job_names:
            self.diagnostics.add(node.location, f'no job "{name}".{did_you_mean(name, self.job_names)}')

    def _delay(self, node: YamlNode | None) -> UniformRange | LogNormal | None:
        if node is None:
            return None
        if not isinstance(node.value, dict):
            return read_duration_range(node, self.diagnostics)
        median = read_duration(node.get("median"), 0, self.diagnostics)
        p99 = read_duration(node.get("p99"), 0, self.diagnostics)
        max_node = node.get("max")
        maximum = read_duration(max_node, 0, self.diagnostics) if max_node is not None else None
        if not median:
            self.diagnostics.add(node.location, "median must be more than 0.")
        elif p99 < median or (maximum is not None and maximum < p99):
            self.diagnostics.add(node.location, "median, p99 and max must be in ascending order.")
        return LogNormal(median or 1, p99 or median or 1, maximum)

    def _rate(self, node: YamlNode) -> int:
        """Read a rate in bytes per second."""
        text = node.text.removesuffix("/s")
        rate = read_size_range(YamlNode(node.location, text, text), self.diagnostics).low
        if rate == 0:
            self.diagnostics.add(node.location, "throttle must be more than 0. Write 1B/s, or drop: hang.")
        return max(rate, 1)


def _default_name(node: YamlNode) -> str:
    """Return a name such as `GET /jobs: delay: 5s`."""
    effects = [f"{key}: {_effect_text(effect)}" for key in EFFECTS if (effect := node.get(key)) is not None]
    match = node.get("match")
    requests = ", ".join(element.text for element in match.elements or [match]) if match else "any request"
    return f"{requests}: {', '.join(effects)}"


def _effect_text(node: YamlNode) -> str:
    if node.elements:
        return ", ".join(element.text for element in node.elements)
    if isinstance(node.value, dict):
        return " ".join(f"{key} {_scalar_text(value)}".strip() for key, value in node.items.items())
    return node.text


def _scalar_text(node: YamlNode) -> str:
    """Return the text of a scalar: "null" for null, whether it was read from YAML or from Python."""
    return "null" if node.value is None else node.text


def _reply(node: YamlNode | None) -> PredefinedReply | Reply | None:
    if node is None:
        return None
    if not isinstance(node.value, dict):
        return PredefinedReply(node.text)
    errors = tuple(error.text for error in node.elements_of("errors"))
    return Reply(as_int(node.get("status"), 500), errors, _texts_of(node, "headers"))


def _texts_of(node: YamlNode, key: str) -> Mapping[str, str]:
    """Return the entries of the mapping at `key` as text."""
    return {name: value.text for name, value in node.items_of(key).items()}
