"""Why things fail: named or inline exceptions of a scenario."""

from __future__ import annotations

from collections.abc import Collection

from flinkmock.cluster.spec import ExceptionSpec, VertexSpec
from flinkmock.errors import did_you_mean
from flinkmock.flink.java_exception import JavaException
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.quantities import whole


class Causes:
    """The causes of a scenario by name; of the `broken` ones nothing more is said."""

    def __init__(self, named: dict[str, YamlNode], broken: Collection[str], mistakes: Diagnostics) -> None:
        self._named = {name: node for name, node in named.items() if name not in broken}
        self._broken = broken
        self._mistakes = mistakes

    def check(self) -> None:
        """Adds the mistakes of causes that nothing uses, too."""
        for node in self._named.values():
            self.throwable(node)

    def throwable(self, exception: YamlNode) -> JavaException | None:
        """The exception that an `exception` means; None if it can't be told."""
        return self._throwable(exception, ())

    def cause(self, exception: YamlNode, job: str, vertices: dict[str, VertexSpec]) -> ExceptionSpec | None:
        """The same with the place where it is thrown. `job` names the job in messages; `vertices` are its vertices as
        the file calls them."""
        throwable = self._throwable(exception, ())
        node = self._resolve(exception)
        if throwable is None or node is None:
            return None
        vertex, subtask, everywhere = node.get("vertex"), node.get("subtask"), node.get("global")
        if everywhere and everywhere.value and (vertex or subtask):
            self._mistakes.add(everywhere.place, "a global failure is thrown by no task: leave out vertex and subtask.")
        found = self._vertex(vertex, job, vertices) if vertex else None
        if subtask and found and whole(subtask, 0) >= found.parallelism:
            last = found.parallelism - 1
            self._mistakes.add(subtask.place, f'"{found.name}" in {job} has the subtasks 0 to {last}.')
        return ExceptionSpec(
            throwable,
            found.name if found else None,
            whole(subtask, 0) if subtask else None,
            bool(everywhere and everywhere.value),
        )

    def _vertex(self, node: YamlNode, job: str, vertices: dict[str, VertexSpec]) -> VertexSpec | None:
        by_name = {vertex.name: vertex for vertex in vertices.values()} | vertices
        name = node.text
        if name not in by_name:
            self._mistakes.add(node.place, f'no vertex "{name}" in {job}.{did_you_mean(name, vertices)}')
        return by_name.get(name)

    def _resolve(self, exception: YamlNode) -> YamlNode | None:
        if isinstance(exception.value, dict):
            return exception
        name = exception.text
        if name not in self._named and name not in self._broken:
            self._mistakes.add(
                exception.place, f'no cause "{name}".{did_you_mean(name, [*self._named, *self._broken])}'
            )
        return self._named.get(name)

    def _throwable(self, exception: YamlNode, above: tuple[YamlNode, ...]) -> JavaException | None:
        node = self._resolve(exception)
        if node is None:
            return None
        if any(node is other for other in above):
            self._mistakes.add(exception.place, f'"{exception.text}" is caused by itself.')
            return None
        message, caused_by, frames = node.get("message"), node.get("cause"), node.get("stack-trace")
        java_class = node.get("class")
        return JavaException(
            java_class.text if java_class else "",
            message.text if message else None,
            self._throwable(caused_by, (*above, node)) if caused_by else None,
            tuple(frame.text for frame in frames.elements) if frames else (),
        )
