"""The page about the releases of Flink, from the contracts, the recordings and the page about Flink's behaviour."""

from __future__ import annotations

import re
from pathlib import Path

from flinkmock.contract import Contract, known_releases

ROOT = Path(__file__).parents[3]
RECORDINGS = ROOT / "tests" / "recordings"
BEHAVIOUR = "flink-behaviour"
"""The page whose section "Differences by release" is shown."""
CHANGE = re.compile(r"^\| (\d\.\d+) \| (.*) \|$", re.MULTILINE)

HEAD = """\
# Releases

flinkmock serves these minor releases of Flink. `flinkmock serve --flink 1.20`, `flink:` in a scenario and `flink=` in a
test choose one; the newest is the default. `/config` and `/overview` return the version.

The contract of each release (operations, parameters, schemas) is extracted from Flink's own jars. For the *recorded*
releases, the tests compare the fake with the responses of a real cluster. [Fidelity](../explanation/fidelity.md)
explains what that means for the other releases.

| release | version | recorded | operations |
|---|---|---|---|"""

CHANGES = """
## What differs

These changes can break a client. `flinkmock diff 1.20 2.3` prints every change of the schemas that a client can
notice, and the changes of behaviour except those in rare texts, logs, thread dumps and names of metrics.
[Operations and releases](operations.md) has the operations of each release, and
[Prepare an upgrade of Flink](../how-to/upgrade.md) finds the changes that matter to a client.

| since | change |
|---|---|"""

TAIL = """
## Other releases

`flinkmock import` adds a release from Flink's OpenAPI document: [Add a release](../conformance.md#add-a-release).
"""


def page() -> str:
    contracts = [Contract.load(release) for release in reversed(known_releases())]
    lines = [HEAD]
    for contract in contracts:
        version = contract.release.version
        recorded = "yes" if (RECORDINGS / version).is_dir() else "no"
        lines.append(f"| {contract.release.minor} | {version} | {recorded} | {len(list(contract))} |")
    lines.append(CHANGES)
    behaviour = (ROOT / "docs" / f"{BEHAVIOUR}.md").read_text(encoding="utf-8")
    section = behaviour.partition("## Differences by release")[2].partition("\n## ")[0]
    for release, change in reversed(CHANGE.findall(section)):
        lines.append(f"| {release} | {change.replace('](#', f'](../{BEHAVIOUR}.md#')} |")
    return "\n".join([*lines, TAIL])
