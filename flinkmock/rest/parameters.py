"""Converts path and query parameters as Flink's MessageParameters do.

See docs/flink-behaviour.md#path-parameters.
See docs/flink-behaviour.md#query-parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flinkmock.contract import Operation, Parameter
from flinkmock.contract.operation_traits import traits_of
from flinkmock.flink import messages
from flinkmock.flink.java_parsing import INT, LONG, parse_id, parse_number

Converter = Callable[[str], Any]


class BadParameter(Exception):
    """A parameter can't be converted. The text is that of Flink's HandlerRequestException."""


def path_values(operation: Operation, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the converted values of path parameters by name. Raises BadParameter."""
    return {
        parameter.name: _converted("path", parameter, texts[parameter.name], [texts[parameter.name]])[0]
        for parameter in operation.path_parameters
    }


def query_values(operation: Operation, texts: Mapping[str, Sequence[str]]) -> dict[str, list[Any]]:
    """Return the converted values of query parameters by name, without unknown parameters.

    The values of repeated parameters and lists separated by commas are equivalent. A parameter with several values,
    all of them empty (`a=,` or `a=&a=`), is left out as well; a single empty value (`a=`) is converted. Raises
    BadParameter.
    """
    values = {}
    for parameter in operation.query_parameters:
        if parameter.name in texts:
            joined = ",".join(texts[parameter.name])
            converted = _converted("query", parameter, joined, _java_split(joined))
            if converted:
                values[parameter.name] = converted
    return values


_SINGLE_VALUE_PARAMETERS = {
    "entry-class": "entryClass",
    "program-args": "programArgs",
    "parallelism": "parallelism",
    "allowNonRestoredState": "allowNonRestoredState",
    "savepointPath": "savepointPath",
}
"""Query parameter that must have one value -> field of the body that overrides it. Only handlers of jars check this."""


def duplicate_value_error(
    operation: Operation, query: Mapping[str, Sequence[Any]], body: Mapping[str, Any]
) -> str | None:
    """Return the message of HandlerRequestUtils if a parameter to run or plan a jar has several values; else None."""
    if not traits_of(operation.id).runs_jar:
        return None
    for name, field in _SINGLE_VALUE_PARAMETERS.items():
        if len(query.get(name, ())) > 1 and body.get(field) is None:
            return messages.only_one_value([_java_text(value) for value in query[name]])
    return None


def _converted(kind: str, parameter: Parameter, whole_value: str, texts: Sequence[str]) -> list[Any]:
    """Convert the values of a parameter; `kind` is "path" or "query". Raises BadParameter."""
    try:
        return [_value(parameter, text) for text in texts]
    except ValueError:
        raise BadParameter(messages.unresolved_parameter(kind, parameter.name, whole_value)) from None


def _value(parameter: Parameter, text: str) -> Any:
    """Convert one value. Raises ValueError."""
    if parameter.name == "jarid":
        return _file_name(text)
    if parameter.enum:
        return _enum(parameter, text)
    value = _CONVERTERS.get(parameter.java_type, parse_id)(text)
    if parameter.minimum is not None and value < parameter.minimum:
        raise ValueError(text)
    return value


def _java_split(text: str) -> list[str]:
    """Split a text as Java's `split(",")` does: without empty strings at the end, except for an empty text."""
    parts = text.split(",")
    if len(parts) == 1:
        return parts
    while parts and not parts[-1]:
        parts.pop()
    return parts


def _boolean(text: str) -> bool:
    return text.lower() == "true"


def _int(text: str) -> int:
    return parse_number(text, INT)


def _long(text: str) -> int:
    return parse_number(text, LONG)


def _text(text: str) -> str:
    return text


def _label(text: str) -> tuple[str, str]:
    """Return the key and the value of a failure label, `key:value`. Raises ValueError."""
    parts = text.split(":")
    while parts and not parts[-1]:
        parts.pop()
    key, value = parts
    return key, value


def _enum(parameter: Parameter, text: str) -> str:
    """Return an enum value in the spelling of the contract. Raises ValueError."""
    for value in parameter.enum:
        if value == text or (parameter.case_insensitive and value.upper() == text.upper()):
            return value
    raise ValueError(text)


def _file_name(text: str) -> str:
    """Check a file name as JarIdPathParameter does: a valid path without directories. Raises ValueError."""
    if "\0" in text or "/" in text:
        raise ValueError(text)
    return text


_CONVERTERS: Mapping[str, Converter] = {
    "Boolean": _boolean,
    "FailureLabel": _label,
    "Integer": _int,
    "Long": _long,
    "ResourceID": _text,
    "String": _text,
}
"""Java type -> converter. Types that are neither listed nor enums are ids of 16 bytes."""


def _java_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
