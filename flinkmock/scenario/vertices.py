"""Reads the job graph: vertices and the edges between them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from flinkmock import limits
from flinkmock.cluster.chain_names import chained_operators
from flinkmock.cluster.spec import Input, VertexSpec
from flinkmock.errors import did_you_mean
from flinkmock.scenario.accumulators import read_accumulators
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.metric_series import read_backpressure, read_metrics
from flinkmock.scenario.quantities import as_float, as_int, as_probability, read_duration, read_size_range

_LOWEST_DEFAULT_MAX_PARALLELISM = 128


@dataclass(frozen=True, slots=True)
class VertexReader:
    """Reads the vertices of one job.

    Attributes:
        job: The path of the job, for messages.
        parallelism: The parallelism of vertices that don't specify one.
        is_batch: Whether the job is a batch job.
        diagnostics: Collects the mistakes.
    """

    job: str
    parallelism: int
    is_batch: bool
    diagnostics: Diagnostics

    def read(self, node: YamlNode) -> dict[str, VertexSpec]:
        """Return the vertices by their names in the file, in the order of the file."""
        vertices: dict[str, VertexSpec] = {}
        for item in node.elements:
            name = _name(item)
            if name in vertices:
                self.diagnostics.add(item.location, f'duplicate vertex "{name}" in {self.job}.')
            else:
                vertices[name] = self._vertex(item, vertices)
        finishes_after_nodes = (item.get("finishes-after") for item in node.elements)
        first = next((node for node in finishes_after_nodes if node is not None), None)
        if first is not None:
            self._check_finishes_after(first, vertices.values())
        return vertices

    def _check_finishes_after(self, node: YamlNode, vertices: Collection[VertexSpec]) -> None:
        """Check that only sources have `finishes-after`, and not all of them, since the job would finish then.

        Args:
            node: The first `finishes-after` of the job, at which a mistake is reported.
            vertices: All vertices of the job.
        """
        vertex = next((vertex for vertex in vertices if vertex.finishes_after is not None and vertex.inputs), None)
        if vertex is not None:
            message = f'"{vertex.name}" in {self.job} finishes when its inputs have finished.'
            self.diagnostics.add(node.location, f"{message} Give finishes-after to a source.")
        elif all(vertex.finishes_after is not None for vertex in vertices if not vertex.inputs):
            message = (
                f"all sources of {self.job} finish, and so does the job. Write lifecycle: [RUNNING: 20s, FINISHED]."
            )
            self.diagnostics.add(node.location, message)

    def _vertex(self, item: YamlNode, vertices_before: dict[str, VertexSpec]) -> VertexSpec:
        """Read a vertex; `vertices_before` are the vertices before it in the file, which can be its inputs."""
        defaults = VertexSpec(())
        parallelism = as_int(item.get("parallelism"), self.parallelism)
        operators, accumulators, prints = item.get("operators"), item.get("accumulators"), item.get("prints")
        types, values = read_accumulators(accumulators, self.diagnostics)
        operator_nodes = operators.elements if operators else []
        names = tuple(operator.text for operator in operator_nodes) or chained_operators(_name(item))
        record_size, skew, finishes_after = item.get("record-size"), item.get("skew"), item.get("finishes-after")
        if skew is not None and not any(weight.value for weight in skew.elements):
            self.diagnostics.add(skew.location, "skew needs a weight of more than 0. Write [8, 1].")
        return VertexSpec(
            operators=names,
            parallelism=parallelism,
            has_own_parallelism=item.get("parallelism") is not None,
            operators_with_request_parallelism=self._operators_with_request_parallelism(item, names),
            inputs=self._inputs(item, vertices_before, parallelism),
            id=item.text_of("id") or defaults.id,
            max_parallelism=self._max_parallelism(item.get("max-parallelism"), parallelism),
            slot_sharing_group=item.text_of("slot-sharing-group") or defaults.slot_sharing_group,
            selectivity=as_float(item.get("selectivity"), defaults.selectivity),
            records_per_second=as_float(item.get("rate"), defaults.records_per_second),
            bytes_per_record=(
                read_size_range(record_size, self.diagnostics).low if record_size else defaults.bytes_per_record
            ),
            accumulators=types,
            accumulator_values=values,
            splits=tuple(split.text for split in item.elements_of("splits")),
            finishes_after=read_duration(finishes_after, 0, self.diagnostics) if finishes_after else None,
            prints=None if prints is None else bool(prints.value),
            skew=tuple(as_int(weight, 0) for weight in skew.elements) if skew else defaults.skew,
            busy=_busy(item.get("busy")),
            backpressure=read_backpressure(item.get("backpressure"), self.diagnostics),
            metrics=read_metrics(item.get("metrics"), self.diagnostics, parallelism),
        )

    def _operators_with_request_parallelism(self, item: YamlNode, operators: Collection[str]) -> frozenset[str]:
        """Read `takes-parallelism`: the operators to which the parallelism of a request applies."""
        for node in item.elements_of("takes-parallelism"):
            if node.text not in operators:
                message = f'"{_name(item)}" has no operator "{node.text}".{did_you_mean(node.text, operators)}'
                self.diagnostics.add(node.location, message)
        return frozenset(node.text for node in item.elements_of("takes-parallelism"))

    def _max_parallelism(self, node: YamlNode | None, parallelism: int) -> int:
        limit = as_int(node, _default_max_parallelism(parallelism))
        if parallelism > limit and node is not None:
            self.diagnostics.add(node.location, f"max-parallelism is less than the parallelism {parallelism}.")
        return limit

    def _inputs(self, item: YamlNode, vertices_before: dict[str, VertexSpec], parallelism: int) -> tuple[Input, ...]:
        """Read the inputs of a vertex. Without the key `inputs`, its input is the vertex before it."""
        exchange = "blocking" if self.is_batch else "pipelined_bounded"
        names = list(vertices_before)
        inputs_node = item.get("inputs")
        if inputs_node is None:
            if not names:
                return ()
            strategy = _default_ship_strategy(vertices_before[names[-1]].parallelism, parallelism)
            return (Input(len(names) - 1, strategy, exchange),)
        inputs = []
        for edge in inputs_node.elements:
            source = edge if isinstance(edge.value, str) else edge.get("from")
            if source is None or source.text not in vertices_before:
                name = source.text if source else ""
                message = f'no vertex "{name}" above "{_name(item)}" in {self.job}.{did_you_mean(name, names)}'
                self.diagnostics.add((source or edge).location, message)
                continue
            source_parallelism = vertices_before[source.text].parallelism
            strategy = self._ship_strategy(edge.get("ship-strategy"), source_parallelism, parallelism)
            inputs.append(Input(names.index(source.text), strategy, edge.text_of("exchange") or exchange))
        return tuple(inputs)

    def _ship_strategy(self, node: YamlNode | None, source_parallelism: int, parallelism: int) -> str:
        if node is None:
            return _default_ship_strategy(source_parallelism, parallelism)
        if node.text == "FORWARD" and source_parallelism != parallelism:
            message = f"FORWARD needs equal parallelism, not {source_parallelism} and {parallelism}. Write REBALANCE."
            self.diagnostics.add(node.location, message)
        return node.text


def _name(item: YamlNode) -> str:
    """Return the name of a vertex. Without the key `name`, it consists of the names of the operators."""
    if isinstance(item.value, str):
        return item.value
    name = item.text_of("name")
    return " -> ".join(operator.text for operator in item.elements_of("operators")) if name is None else name


def _busy(node: YamlNode | None) -> tuple[float, ...]:
    """Read one ratio for all subtasks, or a list with the ratio of each subtask."""
    if node is None:
        return ()
    return tuple(as_probability(element) for element in node.elements or [node])


def _default_ship_strategy(source_parallelism: int, parallelism: int) -> str:
    """Return the ship strategy of an edge that specifies none (StreamGraph.createActualEdge)."""
    return "FORWARD" if source_parallelism == parallelism else "REBALANCE"


def _default_max_parallelism(parallelism: int) -> int:
    """Return 1.5 times the parallelism, rounded up to a power of two, between 128 and 32768.

    See KeyGroupRangeAssignment.computeDefaultMaxParallelism.
    """
    minimum = parallelism + parallelism // 2
    power_of_two = 1 << (minimum - 1).bit_length()
    return min(max(power_of_two, _LOWEST_DEFAULT_MAX_PARALLELISM), limits.PARALLELISM)
