"""The section `faults`: what goes wrong between clients and the cluster."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from flinkmock.cluster.states import JOB_STATES
from flinkmock.contract.pattern import ANY, Pattern
from flinkmock.errors import did_you_mean
from flinkmock.faults import (
    FIRST,
    Corrupt,
    Corruption,
    Drop,
    Fault,
    FaultTrigger,
    JobInState,
    LogNormal,
    NamedReply,
    Reply,
)
from flinkmock.named_random import UniformRange
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.quantities import chance, size, span, whole
from flinkmock.scenario.request_patterns import RequestReader

LONGEST_STALE_MS = 60_000
"""So long it is remembered who had which slot (`cluster/slots.py`)."""
WHAT = ("delay", "reply", "throttle", "drop", "corrupt", "serve-stale", "leader-failover", "kill-taskmanager")


@dataclass(frozen=True, slots=True)
class FaultReader:
    """`jobs` are the names that jobs of the scenario have; None: a submitted one may have any."""

    requests: RequestReader
    jobs: Collection[str] | None
    mistakes: Diagnostics

    def read(self, nodes: list[YamlNode]) -> tuple[Fault, ...]:
        """Faults without a name are called after what they do."""
        faults: dict[str, Fault] = {}
        for node in nodes:
            given = node.get("name")
            name = given.text if given else _described(node)
            if given and name in faults:
                self.mistakes.add(given.place, f'two faults are called "{name}".')
            unique, n = name, 1
            while unique in faults:
                n += 1
                unique = f"{name} ({n})"
            faults[unique] = self._fault(node, unique)
        return tuple(faults.values())

    def _fault(self, node: YamlNode, name: str) -> Fault:
        throttle, drop = node.get("throttle"), node.get("drop")
        failover, lost = node.get("leader-failover"), node.get("kill-taskmanager")
        when = self._when(node)
        return Fault(
            name,
            when,
            delay=self._delay(node.get("delay")),
            reply=_reply(node.get("reply")),
            throttle=self._rate(throttle) if throttle else None,
            drop=Drop(drop.text) if drop else None,
            corrupt=_corrupt(node.get("corrupt")),
            serve_stale=self._stale(node, when.patterns),
            leader_failover=span(failover, self.mistakes) if failover else None,
            kill_taskmanager=None if lost is None else FIRST if lost.value == "first" else whole(lost, FIRST),
            definition=plain if isinstance(plain := node.plain(), dict) else None,
        )

    def _stale(self, node: YamlNode, patterns: Sequence[Pattern]) -> int | None:
        stale = node.get("serve-stale")
        if stale is None:
            return None
        found = span(stale, self.mistakes).low
        if not 0 < found <= LONGEST_STALE_MS:
            self.mistakes.add(stale.place, "an answer is stale by more than 0, and by 1m at most.")
        match = node.get("match")
        for each, pattern in zip((match.elements or [match]) if match else (), patterns, strict=True):
            if pattern.method not in ("GET", ANY):
                self.mistakes.add(each.place, f"only what is read can be stale, and {pattern.method} reads nothing.")
        return found

    def _when(self, node: YamlNode) -> FaultTrigger:
        job, during, times, likely = node.get("job"), node.get("during"), node.get("times"), node.get("chance")
        nth, job_state = node.get("nth"), node.get("while-job")
        if job:
            self._known_job(job, job.text)
        return FaultTrigger(
            self.requests.listed(node.get("match")),
            job.text if job else None,
            _texts(node.get("headers")),
            self._during(during) if during else None,
            self._job_is(job_state) if job_state else None,
            whole(node.get("every"), 1),
            frozenset(whole(each, 1) for each in nth.elements) if nth else frozenset(),
            chance(likely) if likely else 1.0,
            whole(times, 1) if times else None,
        )

    def _during(self, node: YamlNode) -> tuple[int, int | None]:
        begin, _, end = node.text.partition("..")
        if end == "forever":
            return span(YamlNode(node.place, begin, begin), self.mistakes).low, None
        found = span(node, self.mistakes)
        return found.low, found.high

    def _job_is(self, node: YamlNode) -> JobInState:
        job, _, state = node.text.rpartition(" ")
        if state not in JOB_STATES:
            self.mistakes.add(node.place, f'"{state}" is not a Flink job state.{did_you_mean(state, JOB_STATES)}')
        self._known_job(node, job)
        return JobInState(job, state)

    def _known_job(self, node: YamlNode, name: str) -> None:
        if self.jobs is not None and name not in self.jobs:
            self.mistakes.add(node.place, f'no job is called "{name}".{did_you_mean(name, self.jobs)}')

    def _delay(self, node: YamlNode | None) -> UniformRange | LogNormal | None:
        if node is None:
            return None
        if not isinstance(node.value, dict):
            return span(node, self.mistakes)
        median, p99, most = (
            span(given, self.mistakes).low if (given := node.get(key)) is not None else None
            for key in ("median", "p99", "max")
        )
        if not median:
            self.mistakes.add(node.place, "median is more than 0.")
        elif (p99 or 0) < median or (most is not None and most < (p99 or 0)):
            self.mistakes.add(node.place, "median, p99 and max are given from the shortest to the longest.")
        return LogNormal(median or 1, p99 or median or 1, most)

    def _rate(self, node: YamlNode) -> int:
        text = node.text.removesuffix("/s")
        found = size(YamlNode(node.place, text, text), self.mistakes).low
        if found == 0:
            self.mistakes.add(node.place, "nothing would ever come. Write 1B/s, or drop: hang.")
        return max(found, 1)


def _described(node: YamlNode) -> str:
    what = [f"{key}: {_short(given)}" for key in WHAT if (given := node.get(key)) is not None]
    match = node.get("match")
    where = ", ".join(each.text for each in match.elements or [match]) if match else "any request"
    return f"{where}: {', '.join(what)}"


def _short(node: YamlNode) -> str:
    if isinstance(node.value, dict):
        return " ".join(f"{key} {value.text}".strip() for key, value in node.items.items())
    return node.text


def _reply(node: YamlNode | None) -> NamedReply | Reply | None:
    if node is None:
        return None
    if not isinstance(node.value, dict):
        return NamedReply(node.text)
    errors = node.get("errors")
    return Reply(
        whole(node.get("status"), 500),
        tuple(each.text for each in errors.elements) if errors else (),
        _texts(node.get("headers")),
    )


def _corrupt(node: YamlNode | None) -> Corrupt | None:
    if node is None:
        return None
    if not isinstance(node.value, dict):
        return Corrupt(Corruption(node.text))
    kind, field = next(iter(node.items.items()))
    return Corrupt(Corruption(kind), field.text)


def _texts(node: YamlNode | None) -> Mapping[str, str]:
    return {key: value.text for key, value in node.items.items()} if node is not None else {}
