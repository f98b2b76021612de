"""Writes docs/limits.md from the list of limits: `python -m tests.docs.limits`."""

from __future__ import annotations

from pathlib import Path

from flinkmock import limits

DOCS = Path(__file__).parent.parent.parent / "docs"
_INTRODUCTION = """\
# Size limits

Limits protect a fake cluster in a shared environment from large or broken requests. Each limit has a name and a
default; the environment variable `FLINKMOCK_LIMIT_` with the name in capitals and underscores replaces the default,
as in `FLINKMOCK_LIMIT_JAR_MANIFEST=4000000`. The list is in `flinkmock/limits.py`, and `python -m tests.docs.limits`
writes this page.

The configuration option `rest.server.max-content-length` (bytes, 104857600 by default) limits the body of a request, as
in real Flink: a larger body gets 413. Jackson's own limits on JSON (1,000 levels, names of 50,000 characters, numbers
of 1,000 digits) apply as in the release that is served.

| limit | default | applies to | beyond it | a real cluster |
|---|---|---|---|---|
"""


def document() -> str:
    """Return the text of the page."""
    rows = [
        f"| `{limit.name}` | {limit.default:,} {limit.unit} | {limit.applies_to} | {limit.when_exceeded} "
        f"| {limit.in_flink} |\n"
        for limit in limits.ALL
    ]
    return _INTRODUCTION + "".join(rows)


if __name__ == "__main__":
    (DOCS / "limits.md").write_text(document(), encoding="utf-8")
