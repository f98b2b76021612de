"""The result of a check, as values and as a table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from flinkmock.contract import Operation
from flinkmock.tables import counted

MAX_TARGETS = 10
"""How many request targets are kept with a finding. The number is limited because a proxy may run for days."""
NOT_FLINK = "No operation was answered: this may not be a Flink cluster, or the URL lacks a path."
COHERENCE = "coherence"
"""The kind of findings about values that contradict each other."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One way in which responses of an operation deviate from the contract, or contradict other values.

    Attributes:
        operation: The operation whose responses deviate.
        pointer: JSON pointer with `*` for indices and ids; "" for what is not in the body.
        kind: "status", "content type", "header", "body" (not JSON), "coherence", or the kind of a
            `flinkmock.contract.SchemaViolation`.
        expected: What the contract or the invariant requires.
        found: An example of what the server sent. Findings that differ only in `found` are equal.
    """

    operation: Operation
    pointer: str
    kind: str
    expected: str
    found: str = field(compare=False)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """(operation id, pointer, kind, expected): equal for the same finding in another run."""
        return self.operation.id, self.pointer, self.kind, self.expected

    def __str__(self) -> str:
        pointer = f"{self.pointer}: " if self.pointer else ""
        return f"{pointer}{self.kind}: expected {self.expected}, found {self.found}"


@dataclass
class Report:
    """The result of checking one server.

    Attributes:
        url: The URL of the server.
        flink: The release with whose contract the responses are compared: "2.3".
        request_count: How many requests were sent.
        findings: The findings outside the baseline, each with the first request targets at which it occurred.
        occurrences: How often each finding occurred.
        answered: How many success responses each operation returned, whether they conform or not.
        expected_errors: Operations that got an error which a healthy cluster may return, or no response because of a
            TaskManager that has crashed, each with the reason.
        other_errors: Operations that got another error, or an unexpected status, each with the first one.
        skipped: Operations that were not called, each with the reason.
        accepted: The findings in the baseline, likewise.
        invalid: Operations with a response that breaks its contract. `check` does not compare their values with others.
        notes: Sentences about the server during the check, such as that it had a new leader. They are not findings.
        server_gone: Whether the server was gone at the end.
        pass_count: How many passes over the server there were.
        on_new: Called with each new finding and the target of its first request.
    """

    url: str
    flink: str
    request_count: int = 0
    findings: dict[Finding, list[str]] = field(default_factory=dict)
    occurrences: Counter[Finding] = field(default_factory=Counter)
    answered: Counter[Operation] = field(default_factory=Counter)
    expected_errors: dict[Operation, str] = field(default_factory=dict)
    other_errors: dict[Operation, str] = field(default_factory=dict)
    skipped: dict[Operation, str] = field(default_factory=dict)
    accepted: dict[Finding, list[str]] = field(default_factory=dict)
    invalid: set[Operation] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    server_gone: bool = False
    pass_count: int = 0
    on_new: Callable[[Finding, str], None] = field(default=lambda finding, target: None, repr=False, compare=False)
    _contradictions: dict[tuple[str, str], Finding] = field(default_factory=dict, repr=False)

    @property
    def clean(self) -> bool:
        """Whether there are no findings outside the baseline."""
        return not self.findings

    def add(self, finding: Finding, target: str) -> None:
        """Add one occurrence of a finding."""
        if finding.kind != COHERENCE:
            self.invalid.add(finding.operation)
        if finding not in self.findings:
            self.on_new(finding, target)
        self.occurrences[finding] += 1
        targets = self.findings.setdefault(finding, [])
        if len(targets) < MAX_TARGETS:
            targets.append(target)

    def add_contradiction(self, finding: Finding, target: str) -> bool:
        """Add a value that contradicts others; return whether it is new.

        A value may break several invariants, at different times. The report has one finding for it, which describes the
        first violation.
        """
        key = finding.operation.id, finding.pointer
        is_new = key not in self._contradictions
        self.add(self._contradictions.setdefault(key, finding), target)
        return is_new

    def accept(self, baseline: Collection[tuple[str, str, str, str]]) -> None:
        """Move findings to `accepted`. `baseline` has the `key` of each accepted finding."""
        for finding in [finding for finding in self.findings if finding.key in baseline]:
            self.accepted[finding] = self.findings.pop(finding)

    @property
    def unanswered(self) -> dict[Operation, str]:
        """Operations that never returned a success response, each with the reason."""
        reasons = {**self.other_errors, **self.expected_errors, **self.skipped}
        return {operation: reason for operation, reason in reasons.items() if operation not in self.answered}

    def table(self) -> str:
        """Return the report as text: a headline, the findings by operation, the operations that never succeeded."""
        unanswered = self.unanswered
        lines = [
            f"{self.url} as Flink {self.flink}: {counted(self.request_count, 'request')}{self._in_passes}, "
            f"{len(self.answered)} of {counted(len(self.answered) + len(unanswered), 'operation')} answered, "
            f"{self.headline}"
        ]
        if self.request_count and not self.answered:
            lines += ["", NOT_FLINK]
        for operation, findings in self.findings_by_operation().items():
            lines += ["", f"{operation}  ({operation.id})"]
            for finding, targets in findings:
                times = f"{self.occurrences[finding]} times, " if self.occurrences[finding] > 1 else ""
                lines += [f"    {finding}", f"        {times}{operation.method} {targets[0]}"]
        if unanswered:
            width = max(len(str(operation)) for operation in unanswered)
            lines += ["", "without a success response:"]
            lines += [f"    {operation!s:{width}}  {reason}" for operation, reason in unanswered.items()]
        if self.notes:
            lines += ["", "notes:", *(f"    {note}" for note in self.notes)]
        return "\n".join(lines)

    @property
    def _in_passes(self) -> str:
        return f" in {self.pass_count} passes" if self.pass_count > 1 else ""

    @property
    def headline(self) -> str:
        """The number of findings in words."""
        count = len(self.findings)
        text = counted(count, "finding") if count else "no findings"
        return f"{text}, {len(self.accepted)} more in the baseline" if self.accepted else text

    def findings_by_operation(self) -> dict[Operation, list[tuple[Finding, list[str]]]]:
        """Return the findings of each operation that has any, with the first request targets at which they occurred."""
        grouped: dict[Operation, list[tuple[Finding, list[str]]]] = {}
        for finding, targets in self.findings.items():
            grouped.setdefault(finding.operation, []).append((finding, targets))
        return grouped


def generalize_pointer(pointer: str) -> str:
    """Replace indices and 32-digit ids in a JSON pointer by `*`."""
    return re.sub(r"/(\d+|[0-9a-f]{32})(?=/|$)", "/*", pointer)
