"""docs/invariants.md lists the invariants of the code. FLINKMOCK_UPDATE=1 rewrites it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from flinkmock.conformance.coherence import INVARIANTS, Scope
from flinkmock.conformance.coherence.registry import releases_of

FLINK = "flink-behaviour" + ".md"  # written so that this file is not taken for one that cites the page
DOCS = Path(__file__).parent.parent.parent / "docs"
PAGE = DOCS / "invariants.md"
HEAD = """\
# Invariants

These rules hold in the responses of real clusters, also while jobs start, fail, restart and end. `flinkmock check` and
`flinkmock proxy` report each value that breaks one ([conformance.md](conformance.md#coherence)). The table is generated
from the code.

The evidence for a rule is in the section of [what Flink does]({page}) in the last column.
"""
TITLES = {
    Scope.RESPONSE: "Within a response",
    Scope.REQUEST: "Against the request",
    Scope.BETWEEN_RESPONSES: "Between responses",
    Scope.TIME: "Over time",
}


def page() -> str:
    """Return the page."""
    parts = [HEAD.format(page=FLINK)]
    for scope, title in TITLES.items():
        parts += [f"\n## {title}\n", "| rule | id | releases | evidence |", "|---|---|---|---|"]
        for invariant in INVARIANTS.values():
            if invariant.scope is scope:
                source = f"[{invariant.source}]({FLINK}#{invariant.source})"
                parts.append(f"| {invariant.text} | `{invariant.id}` | {releases_of(invariant)} | {source} |")
    return "\n".join(parts) + "\n"


def test_the_page_lists_all_invariants() -> None:
    if os.environ.get("FLINKMOCK_UPDATE"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text("utf-8") == page()


def test_each_source_is_a_section() -> None:
    anchors = set(re.findall(r'<a id="([\w-]+)">', (DOCS / FLINK).read_text("utf-8")))
    assert {invariant.source for invariant in INVARIANTS.values()} <= anchors
