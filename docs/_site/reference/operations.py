"""The page about operations and releases, from the contracts."""

from __future__ import annotations

from flinkmock.contract import Contract, known_releases
from flinkmock.contract.operation import Operation

HEAD = """\
# Operations and releases

Every operation of the REST API, and the releases that have it. `flinkmock diff 1.20 2.3` lists what changes within an
operation; `flinkmock openapi` prints schemas. *Hidden* operations are missing in Flink's documentation. Some operations
exist only with a configuration option. [Releases](releases.md) has the exact versions.
"""


def page() -> str:
    contracts = [Contract.load(release) for release in known_releases()]
    rows: dict[str, list[str]] = {}
    newest: dict[str, Operation] = {}
    for contract in contracts:
        for operation in contract:
            rows.setdefault(str(operation), []).append(contract.release.minor)
            newest[str(operation)] = operation
    lines = [HEAD, "| operation | operation id | releases | |", "|---|---|---|---|"]
    names = [contract.release.minor for contract in contracts]
    for name in sorted(rows, key=lambda name: (name.split(" ")[1], name)):
        lines.append(f"| `{name}` | `{newest[name].id}` | {_ranges(rows[name], names)} | {_notes(newest[name])} |")
    return "\n".join([*lines, ""])


def _ranges(minors: list[str], names: list[str]) -> str:
    """Format releases as ranges: "1.12 to 1.20, 2.3"."""
    groups: list[list[str]] = []
    for name in minors:
        if groups and names.index(groups[-1][-1]) + 1 == names.index(name):
            groups[-1].append(name)
        else:
            groups.append([name])
    if groups == [names]:
        return "all"
    texts = [
        f"since {group[0]}" if group[-1] == names[-1] else group[0] if len(group) == 1 else f"{group[0]} to {group[-1]}"
        for group in groups
    ]
    return ", ".join(texts)


def _notes(operation: Operation) -> str:
    notes = ["hidden"] if operation.hidden else []
    notes += [f"`{key}: {str(value).lower()}`" for key, value in operation.requires_config.items()]
    return ", ".join(notes)
