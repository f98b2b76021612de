"""Compiles schemas into functions that write payloads as JSON text.

The Python source of a writer is generated from the schema of an operation's response, with one function for each
object, which formats all fields at once. A writer returns the same text as `encode(renderer.body(...))`, except that
escapes of control characters are in lower case. It raises an exception if a payload is not what handlers usually
return; the caller then uses the renderer.

For example, an object with a required integer `id` and an optional string `name` gets this function:

    def write1(value):
        if type(value) is not dict: return fragment_text(value, write1)
        field2 = value.get("name")
        field2 = '' if field2 is None else f''',"name":{string(field2)}'''
        return f'''{{"id":{value["id"]:d}{field2}}}'''
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flinkmock.contract.schema_branches import Definitions, allowed_types, alternatives, best_branch, resolve
from flinkmock.flink.java_format import java_double
from flinkmock.moment import Fragment
from flinkmock.rest.rendering.compiler import DISCRIMINATOR_NAMES, Schema, branch_by_constant
from flinkmock.rest.rendering.json_encoder import encode

WriteFunction = Callable[[Any], str]

_PLAIN_NAME = re.compile(r"[ -!#-&(-\[\]-z|~]+")
"""Names that need no escape in JSON and in the generated source, whose strings are '''…''' and "…"."""
_NUMBER_TYPES = frozenset({"integer", "number"})


class UnusualPayload(Exception):
    """The renderer has to render this payload."""


def compile_writer(schema: Schema, definitions: Definitions) -> WriteFunction:
    """Return a function that writes payloads as JSON. It raises any exception for a payload that it can't write."""
    compiler = _WriterCompiler(definitions)
    return compiler.compiled_function(compiler.function_for(schema))


class _WriterCompiler:
    """Generates the source of functions that write the values of schemas.

    Texts of a schema that have a quote or a backslash are not written into the source, which refers to them as
    constants.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._name_count = 0
        self._source: list[str] = []
        """The source of each function."""
        self._namespace: dict[str, Any] = {
            "string": json.encoder.encode_basestring,
            "double": _double,
            "raw": _json_text,
            "boolean": {True: "true", False: "false"},
            "isfinite": math.isfinite,
            "MISSING": _MISSING,
            "UnusualPayload": UnusualPayload,
            "reject": _reject,
            "fragment_text": _fragment_text,
            "sequences": frozenset({list, tuple, map}),  # `map`: the parts of a list, see `RestCall.parts`
        }
        self._function_by_reference: dict[str, str] = {}

    def compiled_function(self, name: str) -> WriteFunction:
        """Return the generated function with a name."""
        exec("\n".join(self._source), self._namespace)
        write: WriteFunction = self._namespace[name]
        return write

    def _new_name(self, prefix: str) -> str:
        self._name_count += 1
        return f"{prefix}{self._name_count}"

    def _constant(self, value: Any) -> str:
        """Return the name of a constant with a value."""
        name = self._new_name("constant")
        self._namespace[name] = value
        return name

    def function_for(self, schema: Schema) -> str:
        """Return the name of a function that writes values of a schema."""
        if "$ref" in schema:
            reference = schema["$ref"]
            if reference not in self._function_by_reference:
                name = self._function_by_reference[reference] = self._new_name("write")
                self._define(name, resolve(schema, self._definitions))
            return self._function_by_reference[reference]
        name = self._new_name("write")
        self._define(name, schema)
        return name

    def _define(self, name: str, schema: Schema) -> None:
        """Generate the function that writes values of a schema."""
        branches = alternatives(schema)
        json_types = allowed_types(schema)
        if branches:
            body = self._alternative(list(branches))
        elif "const" in schema or "enum" in schema or not json_types & {"object", "array"}:
            body = [f"return {self._expression(schema, 'value')}"]
        else:
            body = ["if value is None: return 'null'"] if "null" in json_types else []
            body += self._object(name, schema) if "object" in json_types else self._array(schema)
        self._source.append(f"def {name}(value):\n" + "\n".join(f"    {line}" for line in body))

    def _expression(self, schema: Schema, value: str) -> str:
        """Return an expression for the text of `value`, which is itself an expression without side effects."""
        if "$ref" in schema or alternatives(schema):
            return f"{self.function_for(schema)}({value})"
        if "const" in schema:
            text = _json_text(schema["const"])
            return self._constant(text) if "'" in text or "\\" in text else repr(text)
        if "enum" in schema:
            return f"{self._constant({constant: _json_text(constant) for constant in schema['enum']})}[{value}]"
        json_types = allowed_types(schema)
        if json_types & {"object", "array"}:
            return f"{self.function_for(schema)}({value})"
        if json_types == {"integer"}:
            return f'format({value}, "d")'
        if json_types == {"string"}:
            return f"string({value})"
        if json_types == {"number"}:
            return f"double({value})"
        if json_types == {"boolean"}:
            return f"boolean[{value}]"
        if not json_types:
            return f"raw({value})"
        if json_types == {"null"}:
            return f"('null' if {value} is None else reject())"
        if len(json_types) == 2 and "null" in json_types:
            (other,) = json_types - {"null"}
            return f"('null' if {value} is None else {self._expression({'type': other}, value)})"
        return "reject()"

    def _replacement_field(self, schema: Schema, value: str) -> str:
        """Return the content of the braces in an f-string for the text of `value`."""
        is_integer = allowed_types(schema) == {"integer"} and not {"const", "enum"} & schema.keys()
        return f"{value}:d" if is_integer else self._expression(schema, value)

    def _alternative(self, branches: Sequence[Schema]) -> list[str]:
        """Return the lines of a function that writes values of one of several schemas."""
        if len(branches) == 2 and allowed_types(branches[1]) == {"null"}:
            return ["if value is None: return 'null'", f"return {self._expression(branches[0], 'value')}"]
        resolved = [resolve(branch, self._definitions) for branch in branches]
        constants = branch_by_constant(resolved)
        if constants:
            writers = {constant: self.function_for(branches[index]) for constant, index in constants.items()}
            table = "{" + ", ".join(f"{constant!r}: {writer}" for constant, writer in writers.items()) + "}"
            return [
                *(f"if {name!r} in value: return {table}[value[{name!r}]](value)" for name in DISCRIMINATOR_NAMES),
                "raise UnusualPayload",
            ]
        if any(allowed_types(branch) & {"object", "array"} or alternatives(branch) for branch in resolved):
            # the renderer writes NaN and infinities as strings before it chooses the branch
            index_of = self._constant(lambda value: best_branch(branches, value, self._definitions))
            functions = ", ".join(map(self.function_for, branches))
            return ["if type(value) is float: raise UnusualPayload", f"return ({functions},)[{index_of}(value)](value)"]
        return self._scalar_alternative(resolved)

    def _scalar_alternative(self, branches: Sequence[Schema]) -> list[str]:
        """Return the lines for a number or one of several texts, such as "NaN"."""
        literals = {
            literal: _json_text(literal)
            for branch in branches
            if "enum" in branch or "const" in branch
            for literal in branch.get("enum", (branch.get("const"),))
            if isinstance(literal, str)
        }
        numbers = [branch for branch in branches if allowed_types(branch) & _NUMBER_TYPES and "enum" not in branch]
        lines = ["kind = type(value)"]
        if numbers:
            expression = self._expression(numbers[0], "value")
            lines.append(f"if kind is int or (kind is float and isfinite(value)): return {expression}")
        names = self._constant({"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"})
        return [
            *lines,
            f"if kind is float: value = {names}[str(value)]",
            "elif kind is not str: raise UnusualPayload",
            f"return {self._constant(literals)}[value]",
        ]

    def _object(self, name: str, schema: Schema) -> list[str]:
        """Return the lines of the function `name`, which writes an object."""
        if "properties" not in schema or (not schema["properties"] and "propertyNames" in schema):
            return self._map(name, schema)
        if schema.get("unconfirmed"):  # these properties may be null, see `ContractMerger`
            return ["raise UnusualPayload"]
        required = set(schema.get("required", ()))
        lines = [f"if type(value) is not dict: return fragment_text(value, {name})"]
        pieces = []  # of an f-string; each begins with a comma, and the first comma is removed
        for property_name, child in schema["properties"].items():
            if not _PLAIN_NAME.fullmatch(property_name):
                return ["raise UnusualPayload"]
            key = f'"{property_name}"'
            if property_name in required:
                pieces.append(f",{key}:{{{self._replacement_field(child, f'value[{key}]')}}}")
                continue
            # an optional property is written to a local variable first: "" if the property is left out
            local = self._new_name("field")
            default, absent = ("", "None") if self._null_is_left_out(child) else (", MISSING", "MISSING")
            text = self._replacement_field(child, local)
            lines.append(f"{local} = value.get({key}{default})")
            lines.append(f"{local} = '' if {local} is {absent} else f''',{key}:{{{text}}}'''")
            pieces.append(f"{{{local}}}")
        if not pieces:
            return [*lines, "return '{}'"]
        begins_with_optional_property = not pieces[0].startswith(",")
        if begins_with_optional_property:  # the first comma is known only when a payload is written
            return [*lines, f"return '{{' + f'''{''.join(pieces)}'''[1:] + '}}'"]
        return [*lines, f"return f'''{{{{{''.join(pieces)[1:]}}}}}'''"]

    def _null_is_left_out(self, schema: Schema) -> bool:
        """Return whether an optional property is left out if its value is None, because its schema has no null."""
        branches = alternatives(schema)
        if branches:
            return len(branches) != 2 or allowed_types(branches[1]) != {"null"}
        if "$ref" in schema:
            return self._null_is_left_out(resolve(schema, self._definitions))
        if "const" in schema:
            return False
        if "enum" in schema:
            return None not in schema["enum"]
        json_types = allowed_types(schema)
        return bool(json_types) and "null" not in json_types

    def _map(self, name: str, schema: Schema) -> list[str]:
        """Return the lines of the function `name`, which writes an object whose keys the schema does not list."""
        values = schema.get("additionalProperties")
        if schema.get("maxProperties") == 0:
            return ["return '{}'"]
        if not isinstance(values, Mapping):
            return ["return raw(value)"]
        names: Schema = schema.get("propertyNames", {})
        condition = f" if key in {self._constant(frozenset(names['enum']))}" if "enum" in names else ""
        lines = [f"if type(value) is not dict: return fragment_text(value, {name})"]
        if condition and schema.get("required"):
            lines.append(
                f"if not {self._constant(frozenset(schema['required']))} <= value.keys(): raise UnusualPayload"
            )
        entry = f"f'''{{string(key)}}:{{{self._replacement_field(values, 'child')}}}'''"
        return [*lines, f"return '{{' + ','.join([{entry} for key, child in value.items(){condition}]) + '}}'"]

    def _array(self, schema: Schema) -> list[str]:
        """Return the lines of a function that writes an array."""
        item = self._expression(schema.get("items", {}), "item")
        return [
            "if type(value) not in sequences: raise UnusualPayload",
            f"return '[' + ','.join([{item} for item in value]) + ']'",
        ]


_MISSING = object()


def _reject() -> str:
    raise UnusualPayload


def _fragment_text(value: Any, write: WriteFunction) -> str:
    """Return the JSON text of a fragment, which is written only once. Raises UnusualPayload for any other value."""
    if type(value) is not Fragment:
        raise UnusualPayload
    if value.text is None:
        value.text, value.payload = write(value.payload), None
    return value.text


def _json_text(value: Any) -> str:
    return encode(value).decode()


def _double(value: float) -> str:
    """Return a finite number as Java prints a double. Raises UnusualPayload for any other value."""
    if type(value) is float:
        if value == 0 or 1e-3 <= abs(value) < 1e7:
            return repr(value)
        if math.isfinite(value):
            return java_double(value)
    elif type(value) is int:
        return _double(float(value))
    raise UnusualPayload
