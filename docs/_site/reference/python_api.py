"""The page about the Python API: signatures and docstrings of all public names."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from enum import Enum
from types import FunctionType
from typing import Any

import flinkmock
from flinkmock import faults, journal, strategies
from flinkmock.control.clock import ClusterClock
from flinkmock.control.faults import ClusterFaults
from flinkmock.control.jobs import ClusterJobs
from flinkmock.control.processes import ClusterJobManagers, ClusterTaskManagers
from flinkmock.testing.cluster_time import ClusterTime

HEAD = """\
# Signatures of the Python API

This page lists every public name with its signature. [The Python API](../python.md) has examples.
"""
CLASSES_WITH_INHERITED_MEMBERS = {"FlinkMock"}
SECTIONS = {
    "Parts of FlinkMock": [ClusterClock, ClusterJobs, ClusterFaults, ClusterTaskManagers, ClusterJobManagers],
    "Time of clients": [ClusterTime],
    "flinkmock.faults": [getattr(faults, name) for name in faults.__all__],
    "flinkmock.journal": [getattr(journal, name) for name in journal.__all__],
    "flinkmock.strategies": [getattr(strategies, name) for name in strategies.__all__],
}
"""The classes and functions of each section, by its title."""
MAX_LINE_LENGTH = 100
DOCSTRING_SECTION = re.compile(r"^(Args|Returns|Raises|Yields|Attributes):$")


def page() -> str:
    public = [getattr(flinkmock, name) for name in flinkmock.__all__ if not name.startswith("_")]
    errors = [value for value in public if inspect.isclass(value) and issubclass(value, Exception)]
    parts = [HEAD, "## flinkmock\n"]
    for value in public:
        if value not in errors:
            parts += _entry(value)
    for title, values in SECTIONS.items():
        parts.append(f"## {title}\n")
        for value in values:
            if value not in public:
                parts += _entry(value)
    parts.append("## Errors\n")
    parts += [f"- `{error.__name__}({error.__bases__[0].__name__})`: {_summary(error)}" for error in errors]
    return "\n".join([*parts, ""])


def _entry(value: Any) -> Iterator[str]:
    name = getattr(value, "__name__", None)
    if name is None:
        return
    yield f"### {name}\n"
    if inspect.isclass(value):
        if _has_constructor(value):
            yield _signature(f"class {name}", value.__init__, has_self=True)
        yield from _docstring(value)
        for member, attribute in _members(value):
            yield from _member(name, member, attribute)
    elif callable(value):
        yield _signature(name, value)
        yield from _docstring(value)


def _has_constructor(value: type) -> bool:
    return isinstance(value.__init__, FunctionType) and not issubclass(value, Enum)


def _members(value: type) -> Iterator[tuple[str, Any]]:
    owners = value.__mro__ if value.__name__ in CLASSES_WITH_INHERITED_MEMBERS else (value,)
    yielded_names = set()
    for owner in owners:
        if not owner.__module__.startswith("flinkmock"):
            continue
        for name, attribute in vars(owner).items():
            is_member = isinstance(attribute, (FunctionType, property, classmethod, staticmethod))
            if not name.startswith("_") and name not in yielded_names and is_member and attribute.__doc__:
                yielded_names.add(name)
                yield name, attribute


def _member(owner: str, name: str, attribute: Any) -> Iterator[str]:
    yield f"#### {owner}.{name}\n"
    if isinstance(attribute, property):
        returns = inspect.signature(attribute.fget).return_annotation if attribute.fget else "Any"
        yield f"```python\n{name}: {_annotation(returns)}\n```\n"
    else:
        function = attribute.__func__ if isinstance(attribute, (classmethod, staticmethod)) else attribute
        yield _signature(name, function, has_self=not isinstance(attribute, staticmethod))
    yield from _docstring(attribute)


def _signature(name: str, value: Any, *, has_self: bool = False) -> str:
    """Return a code block with the signature of a function or class."""
    signature = inspect.signature(value)
    parameters = list(signature.parameters.values())[1 if has_self else 0 :]
    texts = [_parameter(parameter) for parameter in parameters]
    kinds = [parameter.kind for parameter in parameters]
    if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        texts.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
    returns = signature.return_annotation
    end = "" if returns in (inspect.Signature.empty, None) else f" -> {_annotation(returns)}"
    text = f"{name}({', '.join(texts)}){end}"
    if len(text) > MAX_LINE_LENGTH:
        text = f"{name}(\n" + "".join(f"    {line},\n" for line in texts) + f"){end}"
    return f"```python\n{text}\n```\n"


def _parameter(parameter: inspect.Parameter) -> str:
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    text = stars + parameter.name
    if parameter.annotation is not inspect.Parameter.empty:
        text += f": {_annotation(parameter.annotation)}"
    if parameter.default is inspect.Parameter.empty:
        return text
    default = parameter.default
    default_text = f'"{default}"' if isinstance(default, str) else "…" if "<" in repr(default) else repr(default)
    return f"{text} = {default_text}"


def _annotation(value: Any) -> str:
    return value if isinstance(value, str) else getattr(value, "__name__", str(value))


def _docstring(value: Any) -> Iterator[str]:
    """Convert a Google style docstring to Markdown."""
    text = inspect.getdoc(value) or ""
    if is_dataclass(value) and text.startswith(f"{getattr(value, '__name__', '')}("):
        return
    lines, in_section = [], False
    for line in text.splitlines():
        if match := DOCSTRING_SECTION.match(line):
            lines += ["", f"**{match[1]}**", ""]
            in_section = True
        elif in_section and line.strip():
            entry = re.match(r"^    (\*{0,2}\w+): (.*)$", line)
            lines.append(f"- `{entry[1]}`: {entry[2]}" if entry else f"  {line.strip()}" if lines[-1] else line.strip())
        else:
            in_section = in_section and not line.strip()
            lines.append(line)
    yield "\n".join(lines).strip() + "\n"


def _summary(value: Any) -> str:
    return " ".join((inspect.getdoc(value) or "").partition("\n\n")[0].split())
