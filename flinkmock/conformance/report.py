"""What a check found, as values and as a table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from flinkmock.contract import Operation

PATHS = 100
"""So many are kept of a finding: a proxy may see it for days."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One way in which answers of one operation deviate from the contract.

    `pointer` is a JSON pointer with `*` for the items of lists and maps ("" for what is not in the body); `kind` is
    "status", "content type", "header", "body" (no JSON), "coherence", or a kind of `flinkmock.contract.Deviation`.
    """

    operation: Operation
    pointer: str
    kind: str
    expected: str
    found: str = field(compare=False)
    """An example."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes it the same finding in another run."""
        return self.operation.id, self.pointer, self.kind, self.expected

    def __str__(self) -> str:
        place = f"{self.pointer}: " if self.pointer else ""
        return f"{place}{self.kind}: expected {self.expected}, found {self.found}"


@dataclass
class Report:
    """Of one server.

    `findings`: each with the first paths where it was seen; `times`: how often it was. `answered`: operations that
    answered well or ill at least once with their success status; `refused` and `skipped`: operations that could not be
    judged further, and why. `accepted`: findings that a baseline knows. `unsound`: operations with answers that are
    wrong by themselves.
    """

    url: str
    flink: str
    requests: int = 0
    findings: dict[Finding, list[str]] = field(default_factory=dict)
    times: Counter[Finding] = field(default_factory=Counter)
    answered: Counter[Operation] = field(default_factory=Counter)
    refused: dict[Operation, str] = field(default_factory=dict)
    skipped: dict[Operation, str] = field(default_factory=dict)
    accepted: dict[Finding, list[str]] = field(default_factory=dict)
    unsound: set[Operation] = field(default_factory=set)

    @property
    def clean(self) -> bool:
        return not self.findings

    def add(self, finding: Finding, path: str) -> None:
        if finding.kind != "coherence":
            self.unsound.add(finding.operation)
        self.times[finding] += 1
        paths = self.findings.setdefault(finding, [])
        if len(paths) < PATHS:
            paths.append(path)

    def accept(self, known: Collection[tuple[str, str, str, str]]) -> None:
        """Moves to `accepted` what a baseline knows: the `key` of each finding."""
        for finding in [finding for finding in self.findings if finding.key in known]:
            self.accepted[finding] = self.findings.pop(finding)

    @property
    def unanswered(self) -> dict[Operation, str]:
        """Operations that could not be judged, and why."""
        told = {**self.refused, **self.skipped}
        return {operation: why for operation, why in told.items() if operation not in self.answered}

    def table(self) -> str:
        unanswered = self.unanswered
        asked = len(self.answered) + len(unanswered)
        lines = [
            f"{self.url} as Flink {self.flink}: {self.requests} requests, "
            f"{len(self.answered)} of {asked} operations answered, {self.verdict}"
        ]
        for operation, found in self.by_operation().items():
            lines += ["", f"{operation}  ({operation.id})"]
            for finding, paths in found:
                times = f"{self.times[finding]} times, " if self.times[finding] > 1 else ""
                lines += [f"    {finding}", f"        {times}{operation.method} {paths[0]}"]
        if unanswered:
            width = max(len(str(operation)) for operation in unanswered)
            lines += ["", "not judged:"]
            lines += [f"    {operation!s:{width}}  {why}" for operation, why in unanswered.items()]
        return "\n".join(lines)

    @property
    def verdict(self) -> str:
        """In words, for a headline."""
        count = len(self.findings)
        words = "no deviation" if not count else "1 deviation" if count == 1 else f"{count} deviations"
        return f"{words}, {len(self.accepted)} more in the baseline" if self.accepted else words

    def by_operation(self) -> dict[Operation, list[tuple[Finding, list[str]]]]:
        """The findings of each operation that has any, with the paths where they were seen."""
        grouped: dict[Operation, list[tuple[Finding, list[str]]]] = {}
        for finding, paths in self.findings.items():
            grouped.setdefault(finding.operation, []).append((finding, paths))
        return grouped


def general(pointer: str) -> str:
    """The same place in all items of a list, and of a map that is keyed by ids."""
    return re.sub(r"/(\d+|[0-9a-f]{32})(?=/|$)", "/*", pointer)
