"""docs/invariants.md lists the invariants of the code. FLINKMOCK_UPDATE=1 rewrites it."""

from __future__ import annotations

import os
from pathlib import Path

from flinkmock.conformance.coherence import INVARIANTS, Scope
from flinkmock.conformance.coherence.registry import releases_of

PAGE = Path(__file__).parent.parent.parent / "docs" / "invariants.md"
HEAD = """\
# Invariants

These rules hold in the responses of real clusters, even while jobs start, fail, restart and end. `flinkmock check`
reports each value that breaks one ([conformance.md](conformance.md#coherence)), `flinkmock proxy` those that break
[the rules that it checks](conformance.md#proxy). The table is generated from the code.

The last column links to the section about real Flink that has the evidence for the rule.
"""
TITLES = {
    Scope.RESPONSE: "Within a response",
    Scope.REQUEST: "Against the request",
    Scope.BETWEEN_RESPONSES: "Between responses",
    Scope.TIME: "Over time",
}


def page() -> str:
    """Return the page."""
    lines = [HEAD]
    for scope, title in TITLES.items():
        lines += [f"\n## {title}\n", "| rule | id | releases | evidence |", "|---|---|---|---|"]
        for invariant in INVARIANTS.values():
            if invariant.scope is scope:
                section = invariant.source.partition("#")[2]
                link = f"[{section}]({invariant.source})"
                lines.append(f"| {invariant.text} | `{invariant.id}` | {releases_of(invariant)} | {link} |")
    return "\n".join(lines) + "\n"


def test_the_page_lists_all_invariants() -> None:
    if os.environ.get("FLINKMOCK_UPDATE"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text("utf-8") == page()
