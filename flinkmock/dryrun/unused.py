"""Finds unused names of a scenario: templates, exceptions, submission rules."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.load import built_in_document
from flinkmock.scenario.templates import Templates

EXCEPTION_KEYS = ("exception", "cause", "throws")
"""Keys that name an exception."""


def find_unused(document: YamlNode, diagnostics: Diagnostics) -> None:
    """Add a diagnostic for each unused name, except in extended files, which other files may use."""
    for section, used, reason in (
        ("templates", _used_templates(document), "no job extends it"),
        ("exceptions", _used_exceptions(document), "no failure has this exception"),
    ):
        for name in _names_in(document, section):
            if name not in used:
                diagnostics.add(document.items[section].key_location(name), f'"{name}" is never used: {reason}.')
    _find_shadowed_rules(document, diagnostics)


def _names_in(document: YamlNode, section: str) -> list[str]:
    """Return the names in a section of the file, without those of extended files."""
    entries = document.get(section)
    if entries is None:
        return []
    return [name for name in entries.items if entries.key_location(name).file == document.location.file]


def _used_templates(document: YamlNode) -> set[str]:
    """Return the names of the templates that jobs and submission rules extend, directly or through others."""
    built_in = built_in_document("default")
    templates = Templates(document.items_of("templates"), built_in.items_of("templates"), Diagnostics())
    rules = built_in.items_of("submitted") | document.items_of("submitted")
    jobs = (*document.items_of("jobs").values(), *rules.values())
    return {name for job in jobs for name in templates.own_templates(job)}


def _used_exceptions(document: YamlNode) -> set[str]:
    """Return the names of the exceptions to which other sections refer, directly or through causes."""
    exceptions = document.items_of("exceptions")
    other_sections = [node for key, node in document.items.items() if key != "exceptions"]
    names = [name for section in other_sections for name in _exception_references(section)]
    used: set[str] = set()
    while names:
        name = names.pop()
        if name not in used:
            used.add(name)
            if name in exceptions:
                names += _exception_references(exceptions[name])
    return used


def _exception_references(node: YamlNode) -> Iterator[str]:
    """Yield the names of the exceptions to which a part of the document refers."""
    for key, child in node.items.items():
        if key in EXCEPTION_KEYS and isinstance(child.value, str):
            yield child.text
        yield from _exception_references(child)
    for child in node.elements:
        yield from _exception_references(child)


def _find_shadowed_rules(document: YamlNode, diagnostics: Diagnostics) -> None:
    """Find submission rules that never apply, because an earlier one matches the same names."""
    submitted = document.get("submitted")
    if submitted is None:
        return
    earlier: list[str] = []
    for pattern in submitted.items:
        # two matching names: with an empty star, and with characters that no other pattern has
        names = [pattern.replace("*", ""), pattern.replace("*", "\x01\x02").replace("?", "\x01")]
        shadowing = next((other for other in earlier if all(fnmatchcase(name, other) for name in names)), None)
        if shadowing is not None:
            line = submitted.key_location(shadowing).line
            message = f'"{pattern}" is never used: "{shadowing}" on line {line} comes first and matches the same names.'
            diagnostics.add(submitted.key_location(pattern), message)
        earlier.append(pattern)
