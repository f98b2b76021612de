"""Finds unused names of a scenario: templates, exceptions, submission rules."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode

EXCEPTION_KEYS = ("exception", "cause", "throws")
"""Keys that name an exception."""


def find_unused(document: YamlNode, diagnostics: Diagnostics) -> None:
    """Add a diagnostic for each unused name, except in extended files, which other files may use."""
    for section, used, reason in (
        ("templates", _templates_used(document), "no job extends it"),
        ("exceptions", _exceptions_used(document), "no failure has this exception"),
    ):
        for name in _names_in(document, section):
            if name not in used:
                diagnostics.add(document.items[section].key_location(name), f'"{name}" is never used: {reason}.')
    _shadowed(document, diagnostics)


def _names_in(document: YamlNode, section: str) -> list[str]:
    """Return the names in a section of the file, without those of extended files."""
    entries = document.get(section)
    if entries is None:
        return []
    return [name for name in entries.items if entries.key_location(name).file == document.location.file]


def _templates_used(document: YamlNode) -> set[str]:
    used: set[str] = set()
    known = document.items_of("templates")
    queue = [node for section in ("jobs", "submitted") for node in document.items_of(section).values()]
    while queue:
        node = queue.pop()
        named = [node.text] if isinstance(node.value, str) else _extended(node)
        for name in named:
            if name not in used:
                used.add(name)
                queue += [known[name]] if name in known else []
    if any(getattr(node.get("type"), "value", None) == "batch" for node in document.items_of("jobs").values()):
        used.add("batch")  # the template of batch jobs that extend none
    return used | {"streaming"}


def _extended(node: YamlNode) -> list[str]:
    template = node.get("extends")
    return [template.text] if template else []


def _exceptions_used(document: YamlNode) -> set[str]:
    known = document.items_of("exceptions")
    queue = [name for key, node in document.items.items() if key != "exceptions" for name in _named_exceptions(node)]
    used: set[str] = set()
    while queue:
        name = queue.pop()
        if name not in used:
            used.add(name)
            queue += _named_exceptions(known[name]) if name in known else []
    return used


def _named_exceptions(node: YamlNode) -> Iterator[str]:
    """Yield the names of exceptions in a part of the document."""
    for key, below in node.items.items():
        if key in EXCEPTION_KEYS and isinstance(below.value, str):
            yield below.text
        yield from _named_exceptions(below)
    for below in node.elements:
        yield from _named_exceptions(below)


def _shadowed(document: YamlNode, diagnostics: Diagnostics) -> None:
    """Find rules that never apply, because an earlier one matches the same names."""
    earlier: list[str] = []
    submitted = document.get("submitted")
    for pattern in submitted.items if submitted is not None else ():
        # two matching names: with an empty star, and with characters that no other pattern has
        names = [pattern.replace("*", ""), pattern.replace("*", "\x01\x02").replace("?", "\x01")]
        for other in earlier:
            if submitted is not None and all(fnmatchcase(name, other) for name in names):
                diagnostics.add(
                    submitted.key_location(pattern),
                    f'"{pattern}" is never used: "{other}" on line {submitted.key_location(other).line} comes first '
                    "and matches the same names.",
                )
                break
        earlier.append(pattern)
