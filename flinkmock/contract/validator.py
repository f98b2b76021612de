"""Validates bodies with JSON Schema, and with rules that JSON Schema can't express.

The additional rules are about the order of keys (Jackson writes properties in a fixed order, unlike maps), integers and
doubles (Jackson writes a double as 4.0, never as 4), the ranges of int and long, and base64.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from jsonschema import Draft202012Validator, ValidationError, validators
from jsonschema.protocols import Validator

from flinkmock.contract.fast_validator import INT_RANGES, is_base64
from flinkmock.contract.schema_branches import best_branch, resolve

if TYPE_CHECKING:
    from flinkmock.contract.contract import Contract
    from flinkmock.contract.operation import Operation

Errors = Iterator[ValidationError]
Keyword = Callable[[Any, Any, Any, Any], Errors]
"""A keyword of jsonschema: its arguments are a validator, the value of the keyword, the instance and the schema."""

_standard_properties: Keyword = Draft202012Validator.VALIDATORS["properties"]


@dataclass(frozen=True, slots=True)
class SchemaViolation:
    """One way in which a body violates its schema.

    Attributes:
        pointer: The JSON Pointer of the value; "" for the whole body.
        kind: "missing" (a key), "extra" (a key), "type", "null" (null is not allowed), "enum", "pattern", "range",
            "encoding" (not base64), "order" (of keys), or "value" (anything else).
        expected: What the schema requires, as text.
        found: What the body contains, as text.
    """

    pointer: str
    kind: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.pointer or '(the whole body)'}: {self.kind}: expected {self.expected}, found {self.found}"


class ContractValidator:
    """Validates the bodies of one contract. The validator of an operation is built when it is first used."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        keywords = _keywords(contract.definitions)
        if not contract.ordered:
            keywords["properties"] = _properties
        extend: Callable[..., Any] = validators.extend
        self._response_class = extend(Draft202012Validator, keywords, type_checker=_TYPES_OF_RESPONSES)
        request_keywords: dict[str, Keyword] = {"properties": _properties, "format": _int_range}
        if contract.jackson_features["fail_on_unknown_properties"]:
            request_keywords["properties"] = _known_properties
        self._request_class = extend(Draft202012Validator, keywords | request_keywords, type_checker=_TYPES_OF_REQUESTS)
        self._validators: dict[tuple[str, str], Validator] = {}

    def check_response(self, operation: Operation, body: Any) -> list[SchemaViolation]:
        """Return the violations in the body of a success response."""
        validator = self._validator("response", operation.id, self._response_class, operation.response or {})
        return _violations(validator, body)

    def check_error(self, body: Any) -> list[SchemaViolation]:
        """Return the violations in the body of an error response."""
        return _violations(self._validator("error", "", self._response_class, self._contract.error), body)

    def check_request(self, operation: Operation, body: Any) -> list[SchemaViolation]:
        """Return the violations in the body of a request."""
        schema = operation.request or {"type": "object", "properties": {}}
        return _violations(self._validator("request", operation.id, self._request_class, schema), body)

    def _validator(self, part: str, operation_id: str, validator_class: Any, schema: Mapping[str, Any]) -> Validator:
        key = part, operation_id
        if key not in self._validators:
            self._validators[key] = validator_class(schema)
        return self._validators[key]


_TYPES_OF_RESPONSES = Draft202012Validator.TYPE_CHECKER.redefine(
    # JSON Schema accepts 4.0 as an integer, but Jackson never writes an integer like this.
    "integer",
    lambda _, value: isinstance(value, int) and not isinstance(value, bool),
)


def _is_readable_as_integer(_: Any, value: Any) -> bool:
    if isinstance(value, str):
        text = value.strip()
        return text == "" or text.removeprefix("-").isdecimal()
    return isinstance(value, (int, float)) and not isinstance(value, bool)


# MapperFeature.ALLOW_COERCION_OF_SCALARS: Jackson reads 5 as "5", "5" as 5, and "true" as true.
# See docs/flink-behaviour.md#type-coercion.
_TYPES_OF_REQUESTS = Draft202012Validator.TYPE_CHECKER.redefine_many(
    {
        "string": lambda _, value: isinstance(value, (str, int, float)),
        "integer": _is_readable_as_integer,
        "boolean": lambda _, value: isinstance(value, (bool, int)) or value in ("true", "false", "True", "False", ""),
    }
)


def _keywords(definitions: Mapping[str, Mapping[str, Any]]) -> dict[str, Keyword]:
    """Return the keywords that check additional rules.

    If no branch of `anyOf` or `oneOf` matches, only the errors of the best branch are reported.
    """

    def reference(validator: Any, ref: Any, instance: Any, schema: Any) -> Errors:
        yield from validator.descend(instance, resolve(schema, definitions))

    def alternative(validator: Any, branches: Any, instance: Any, _: Any) -> Errors:
        if not any(validator.evolve(schema=branch).is_valid(instance) for branch in branches):
            yield from validator.descend(instance, branches[best_branch(branches, instance, definitions)])

    return {
        "$ref": reference,
        "anyOf": alternative,
        "oneOf": alternative,
        "properties": _ordered_properties,
        "required": _required,
        "format": _java_number,
        "contentEncoding": _base64,
    }


def _properties(validator: Any, properties: Any, instance: Any, schema: Any) -> Errors:
    """Validate the properties of an object. Unconfirmed properties may be null."""
    if "unconfirmed" in schema and isinstance(instance, dict):
        null_names = {name for name in schema["unconfirmed"] if name in instance and instance[name] is None}
        properties = {name: child for name, child in properties.items() if name not in null_names}
    yield from _standard_properties(validator, properties, instance, schema)


def _required(validator: Any, required: Any, instance: Any, schema: Any) -> Errors:
    if isinstance(instance, dict):
        missing = [name for name in required if name not in instance and name not in schema.get("unconfirmed", ())]
        if missing:
            yield ValidationError("missing properties", validator="required", validator_value=missing)


def _ordered_properties(validator: Any, properties: Any, instance: Any, schema: Any) -> Errors:
    yield from _properties(validator, properties, instance, schema)
    if isinstance(instance, dict):
        without_order = schema.get("unconfirmed", ())
        names = [name for name in instance if name in properties and name not in without_order]
        expected = [name for name in properties if name in instance and name not in without_order]
        if names != expected:
            yield ValidationError("keys in another order", validator="order", validator_value=expected, instance=names)


def _known_properties(validator: Any, properties: Any, instance: Any, schema: Any) -> Errors:
    yield from _properties(validator, properties, instance, schema)
    if isinstance(instance, dict) and "additionalProperties" not in schema and instance.keys() - properties.keys():
        yield ValidationError("unknown property", validator="additionalProperties", validator_value=False)


def _int_range(validator: Any, name: str, instance: Any, schema: Any) -> Errors:
    if name in INT_RANGES and isinstance(instance, int) and instance not in INT_RANGES[name]:
        yield ValidationError("out of range", validator="range", validator_value=name)


def _java_number(validator: Any, name: str, instance: Any, schema: Any) -> Errors:
    yield from _int_range(validator, name, instance, schema)
    if name == "double" and isinstance(instance, int) and not isinstance(instance, bool):
        yield ValidationError("an integer", validator="type", validator_value="number with a decimal point")


def _base64(validator: Any, encoding: str, instance: Any, schema: Any) -> Errors:
    if encoding == "base64" and not is_base64(instance):
        yield ValidationError("not base64", validator="contentEncoding", validator_value=encoding)


_KINDS_BY_KEYWORD = {
    "type": "type",
    "enum": "enum",
    "const": "enum",
    "pattern": "pattern",
    "range": "range",
    "contentEncoding": "encoding",
    "order": "order",
}
_LIMIT_TEXTS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minProperties": "at least {} keys",
    "maxProperties": "at most {} keys",
}


def _violations(validator: Validator, body: Any) -> list[SchemaViolation]:
    violations = (violation for error in validator.iter_errors(body) for violation in _violations_of(error))
    return list(dict.fromkeys(violations))


def _violations_of(error: ValidationError) -> Iterator[SchemaViolation]:
    pointer = "".join(f"/{_escape(key)}" for key in error.absolute_path)
    instance: Any = error.instance
    schema: Any = error.schema
    keyword, expected = str(error.validator), cast(Any, error.validator_value)
    if error.parent is None and "propertyNames" in error.absolute_schema_path:
        yield SchemaViolation(f"{pointer}/{_escape(instance)}", "extra", "no such key", "this key")
    elif keyword == "required":
        for name in expected:
            if name not in instance:
                yield SchemaViolation(f"{pointer}/{_escape(name)}", "missing", "a value", "nothing")
    elif keyword == "additionalProperties":
        for name in instance:
            if name not in schema.get("properties", {}):
                yield SchemaViolation(f"{pointer}/{_escape(name)}", "extra", "no such key", _shortened(instance[name]))
    elif keyword == "order":
        yield SchemaViolation(pointer, "order", f"keys in the order {', '.join(expected)}", ", ".join(instance))
    elif keyword == "type" and instance is None:
        yield SchemaViolation(pointer, "null", _expected_text(expected), "null")
    else:
        has_limit = keyword in _LIMIT_TEXTS
        expected_text = _LIMIT_TEXTS[keyword].format(expected) if has_limit else _expected_text(expected)
        yield SchemaViolation(pointer, _KINDS_BY_KEYWORD.get(keyword, "value"), expected_text, _shortened(instance))


def _escape(key: str | int) -> str:
    """Escape a key of an object or an index of a list for a JSON Pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")


def _expected_text(expected: Any) -> str:
    values = expected if isinstance(expected, list) else [expected]
    return " or ".join(value if isinstance(value, str) else json.dumps(value) for value in values)


def _shortened(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."
