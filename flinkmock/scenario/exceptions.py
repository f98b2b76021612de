"""Reads the exceptions of a scenario: named exceptions in the section `exceptions`, and inline exceptions."""

from __future__ import annotations

from collections.abc import Collection

from flinkmock.cluster.spec import ExceptionSpec, VertexSpec
from flinkmock.errors import did_you_mean
from flinkmock.flink.java_exception import JavaException
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.quantities import as_bool, as_int


class ExceptionReader:
    """Reads exceptions and references to them.

    Args:
        named: The section `exceptions`.
        invalid_names: The names of the exceptions that the schema rejects. References to them are not reported.
        diagnostics: Collects the mistakes.
    """

    def __init__(self, named: dict[str, YamlNode], invalid_names: Collection[str], diagnostics: Diagnostics) -> None:
        self._named = {name: node for name, node in named.items() if name not in invalid_names}
        self._invalid_names = invalid_names
        self._diagnostics = diagnostics

    def check_named(self) -> None:
        """Add the mistakes of all named exceptions, even if nothing refers to them."""
        for node in self._named.values():
            self.java_exception(node)

    def java_exception(self, reference: YamlNode) -> JavaException | None:
        """Read an exception that is given inline or by name; None if no valid exception has the name."""
        node = self._resolve(reference)
        return None if node is None else self._java_exception(node, (node,))

    def exception_spec(self, reference: YamlNode, job: str, vertices: dict[str, VertexSpec]) -> ExceptionSpec | None:
        """Read an exception together with the task that throws it; None if no valid exception has the name.

        Args:
            reference: An inline exception, or the name of one.
            job: The path of the job, for messages.
            vertices: The vertices of the job by their names in the file.
        """
        node = self._resolve(reference)
        if node is None:
            return None
        vertex, subtask, is_global = node.get("vertex"), node.get("subtask"), as_bool(node.get("global"))
        if is_global and (vertex or subtask):
            message = "a global failure has no task. Remove vertex and subtask."
            self._diagnostics.add(node.items["global"].location, message)
        thrown_by = self._vertex(vertex, job, vertices) if vertex else None
        if subtask and thrown_by and as_int(subtask, 0) >= thrown_by.parallelism:
            last = thrown_by.parallelism - 1
            self._diagnostics.add(subtask.location, f'"{thrown_by.name}" in {job} has subtasks 0 to {last}.')
        return ExceptionSpec(
            self._java_exception(node, (node,)),
            vertex=thrown_by.name if thrown_by else None,
            subtask=as_int(subtask, 0) if subtask else None,
            is_global=is_global,
        )

    def _vertex(self, node: YamlNode, job: str, vertices: dict[str, VertexSpec]) -> VertexSpec | None:
        by_name = {vertex.name: vertex for vertex in vertices.values()} | vertices
        name = node.text
        if name not in by_name:
            self._diagnostics.add(node.location, f'no vertex "{name}" in {job}.{did_you_mean(name, vertices)}')
        return by_name.get(name)

    def _resolve(self, reference: YamlNode) -> YamlNode | None:
        """Return the node of an exception: the reference itself if it is inline, otherwise the named one."""
        if isinstance(reference.value, dict):
            return reference
        name = reference.text
        if name not in self._named and name not in self._invalid_names:
            hint = did_you_mean(name, [*self._named, *self._invalid_names])
            self._diagnostics.add(reference.location, f'no exception "{name}".{hint}')
        return self._named.get(name)

    def _java_exception(self, node: YamlNode, chain: tuple[YamlNode, ...]) -> JavaException:
        """Read an exception; `chain` contains the exceptions around it, the outermost first, and the exception."""
        stack_trace = node.get("stack-trace")
        return JavaException(
            node.text_of("class") or "",
            node.text_of("message"),
            self._cause(node.get("cause"), chain),
            tuple(frame.text for frame in stack_trace.elements) if stack_trace else (),
        )

    def _cause(self, reference: YamlNode | None, chain: tuple[YamlNode, ...]) -> JavaException | None:
        node = self._resolve(reference) if reference else None
        if reference is None or node is None:
            return None
        if any(node is other for other in chain):
            self._diagnostics.add(reference.location, f'circular cause: "{reference.text}" causes itself.')
            return None
        return self._java_exception(node, (*chain, node))
