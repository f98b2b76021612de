"""The page about operations and releases, from the contracts."""

from __future__ import annotations

from flinkmock.contract import Contract, known_releases
from flinkmock.contract.operation import Operation

HEAD = """\
# Operations and releases

This page lists every operation of the REST API, and the releases that have it. `flinkmock diff 1.20 2.3` lists what
changes within an operation; `flinkmock openapi` prints schemas. *Hidden* operations are missing in Flink's
documentation. Some operations exist only with a configuration option. [Releases](releases.md) has the exact versions.
"""


def page() -> str:
    contracts = [Contract.load(release) for release in known_releases()]
    releases_of: dict[str, list[str]] = {}
    operations_by_name: dict[str, Operation] = {}
    for contract in contracts:
        for operation in contract:
            releases_of.setdefault(str(operation), []).append(contract.release.minor)
            operations_by_name[str(operation)] = operation  # that of the newest release remains
    lines = [HEAD, "| operation | operation id | releases | |", "|---|---|---|---|"]
    all_releases = [contract.release.minor for contract in contracts]
    for name in sorted(releases_of, key=lambda name: (name.split(" ")[1], name)):
        releases = _ranges(releases_of[name], all_releases)
        operation = operations_by_name[name]
        lines.append(f"| `{name}` | `{operation.id}` | {releases} | {_notes(operation)} |")
    return "\n".join([*lines, ""])


def _ranges(releases: list[str], all_releases: list[str]) -> str:
    """Format releases as ranges: "1.12 to 1.20, since 2.3"."""
    groups: list[list[str]] = []
    for release in releases:
        if groups and all_releases.index(groups[-1][-1]) + 1 == all_releases.index(release):
            groups[-1].append(release)
        else:
            groups.append([release])
    if groups == [all_releases]:
        return "all"
    return ", ".join(_range(group[0], group[-1], all_releases[-1]) for group in groups)


def _range(first: str, last: str, newest: str) -> str:
    if last == newest:
        return f"since {first}"
    return first if first == last else f"{first} to {last}"


def _notes(operation: Operation) -> str:
    notes = ["hidden"] if operation.hidden else []
    notes += [f"`{key}: {str(value).lower()}`" for key, value in operation.requires_config.items()]
    return ", ".join(notes)
