"""What a scenario gives and nothing in it takes: templates, causes, rules of `submitted`."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode

EXCEPTION_KEYS = ("exception", "cause", "throws")
"""Keys that name an exception."""


def find_unused(document: YamlNode, mistakes: Diagnostics) -> None:
    """Adds a mistake for each name that nobody uses. What another file gives, for others too, is left alone."""
    for section, used, said in (
        ("templates", _templates_used(document), "no job is made from it"),
        ("exceptions", _causes_used(document), "nothing fails because of it"),
    ):
        for name in _own(document, section):
            if name not in used:
                mistakes.add(document.items[section].key_place(name), f'"{name}" is never used: {said}.')
    _shadowed(document, mistakes)


def _own(document: YamlNode, section: str) -> list[str]:
    """The names in a section that the file itself gives."""
    found = document.get(section)
    if found is None:
        return []
    return [name for name in found.items if found.key_place(name).file == document.place.file]


def _templates_used(document: YamlNode) -> set[str]:
    used: set[str] = set()
    templates = document.get("templates")
    known = templates.items if templates is not None else {}
    ahead = [node for section in ("jobs", "submitted") for node in _entries(document, section)]
    while ahead:
        node = ahead.pop()
        named = [node.text] if isinstance(node.value, str) else _extended(node)
        for name in named:
            if name not in used:
                used.add(name)
                ahead += [known[name]] if name in known else []
    if any(getattr(node.get("type"), "value", None) == "batch" for node in _entries(document, "jobs")):
        used.add("batch")  # what a job without a template is made from
    return used | {"streaming"}


def _extended(node: YamlNode) -> list[str]:
    template = node.get("extends")
    return [template.text] if template else []


def _causes_used(document: YamlNode) -> set[str]:
    causes = document.get("exceptions")
    known = causes.items if causes is not None else {}
    ahead = [name for key, node in document.items.items() if key != "exceptions" for name in _named(node)]
    used: set[str] = set()
    while ahead:
        name = ahead.pop()
        if name not in used:
            used.add(name)
            ahead += _named(known[name]) if name in known else []
    return used


def _named(node: YamlNode) -> Iterator[str]:
    """The causes that a part of the document names."""
    for key, below in node.items.items():
        if key in EXCEPTION_KEYS and isinstance(below.value, str):
            yield below.text
        yield from _named(below)
    for below in node.elements:
        yield from _named(below)


def _shadowed(document: YamlNode, mistakes: Diagnostics) -> None:
    """The first rule that fits wins, so a rule never does if an earlier one fits all that it does."""
    earlier: list[str] = []
    submitted = document.get("submitted")
    for pattern in submitted.items if submitted is not None else ():
        # a name with nothing, and one with what no other pattern has, in the place of a star
        names = [pattern.replace("*", ""), pattern.replace("*", "\x01\x02").replace("?", "\x01")]
        for other in earlier:
            if submitted is not None and all(fnmatchcase(name, other) for name in names):
                mistakes.add(
                    submitted.key_place(pattern),
                    f'"{pattern}" is never asked: "{other}" on line {submitted.key_place(other).line} stands before it '
                    "and fits all that it does.",
                )
                break
        earlier.append(pattern)


def _entries(document: YamlNode, section: str) -> list[YamlNode]:
    found = document.get(section)
    return list(found.items.values()) if found is not None else []
