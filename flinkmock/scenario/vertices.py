"""The job graph: vertices and the edges between them."""

from __future__ import annotations

from collections.abc import Iterable

from flinkmock.cluster.spec import Input, VertexSpec
from flinkmock.errors import did_you_mean
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode, core_scalar
from flinkmock.scenario.metric_series import read_metrics, read_pressures
from flinkmock.scenario.quantities import decimal, size, whole

MAX_PARALLELISM = 32_768
_LEAST_MAX_PARALLELISM = 128


def read_vertices(
    node: YamlNode, job: str, parallelism: int, batch: bool, mistakes: Diagnostics
) -> dict[str, VertexSpec]:
    """The vertices by what the file calls them, in the order of the file. `job` names the job in messages."""
    vertices: dict[str, VertexSpec] = {}
    for item in node.elements:
        name = _name(item)
        if name in vertices:
            mistakes.add(item.place, f'two vertices in {job} are called "{name}".')
        else:
            vertices[name] = _vertex(item, vertices, job, parallelism, batch, mistakes)
    return vertices


def _name(item: YamlNode) -> str:
    if isinstance(item.value, str):
        return item.value
    name, operators = item.get("name"), item.get("operators")
    if name is not None:
        return name.text
    return " -> ".join(operator.text for operator in operators.elements) if operators else ""


def _vertex(item: YamlNode, above: dict[str, VertexSpec], job: str, parallelism: int, batch: bool,
            mistakes: Diagnostics) -> VertexSpec:  # fmt: skip
    own = item.get("parallelism")
    width = whole(own, parallelism)
    operators, rate, selectivity = item.get("operators"), item.get("rate"), item.get("selectivity")
    record_size, most, group = item.get("record-size"), item.get("max-parallelism"), item.get("slot-sharing-group")
    identity, accumulators = item.get("id"), item.get("accumulators")
    skew, prints = item.get("skew"), item.get("prints")
    if skew is not None and not any(part.value for part in skew.elements):
        mistakes.add(skew.place, "somebody has to get the records. Write [8, 1].")
    limit = whole(most, _usual_max_parallelism(width))
    if width > limit and most is not None:
        mistakes.add(most.place, f"the parallelism {width} is above this max-parallelism.")
    usual = VertexSpec(())
    return VertexSpec(
        operators=tuple(o.text for o in operators.elements) if operators else tuple(_name(item).split(" -> ")),
        parallelism=width,
        own_parallelism=own is not None,
        inputs=_inputs(item, above, width, job, batch, mistakes),
        id=identity.text if identity else usual.id,
        max_parallelism=limit,
        slot_sharing_group=group.text if group else usual.slot_sharing_group,
        selectivity=decimal(selectivity, usual.selectivity),
        records_per_second=decimal(rate, usual.records_per_second),
        bytes_per_record=size(record_size, mistakes).low if record_size else usual.bytes_per_record,
        accumulators={name: _kind(node) for name, node in accumulators.items.items()} if accumulators else {},
        accumulator_values=_accumulated(accumulators, mistakes),
        prints=None if prints is None else bool(prints.value),
        skew=tuple(whole(part, 0) for part in skew.elements) if skew else usual.skew,
        backpressure=read_pressures(item.get("backpressure"), mistakes),
        metrics=read_metrics(item.get("metrics"), mistakes, width),
    )


def _kind(accumulator: YamlNode) -> str:
    return accumulator.items["type"].text if accumulator.items else accumulator.text


def _accumulated(accumulators: YamlNode | None, mistakes: Diagnostics) -> dict[str, object]:
    """The values that are given, each of the kind that its accumulator adds up."""
    found: dict[str, object] = {}
    for name, node in (accumulators.items if accumulators is not None else {}).items():
        value = node.get("value")
        if value is None:
            continue
        kind, plain = _kind(node), value.plain()
        if kind == "Histogram":
            form = "{2: 708, 3: 355}"
            right = isinstance(plain, dict) and _whole((*plain.values(), *map(core_scalar, plain)))
        elif kind == "ListAccumulator":
            form, right = "[100, 200]", isinstance(plain, list) and _whole(plain)
        elif kind.startswith("Double") or kind == "AverageAccumulator":
            form, right = "a number", isinstance(plain, int | float)
            plain = float(plain) if isinstance(plain, int) else plain
        else:
            form, right = "a whole number", isinstance(plain, int)
        if not right:
            mistakes.add(value.place, f"an accumulator of type {kind} is {form}.")
        found[name] = {int(key): count for key, count in plain.items()} if right and isinstance(plain, dict) else plain
    return found


def _whole(values: Iterable[object]) -> bool:
    return all(isinstance(value, int) for value in values)


def _inputs(item: YamlNode, above: dict[str, VertexSpec], width: int, job: str, batch: bool,
            mistakes: Diagnostics) -> tuple[Input, ...]:  # fmt: skip
    exchange = "blocking" if batch else "pipelined_bounded"
    names = list(above)
    given = item.get("inputs")
    if given is None:
        if not names:
            return ()
        return (Input(len(names) - 1, _usual_ship_strategy(above[names[-1]].parallelism, width), exchange),)
    inputs = []
    for edge in given.elements:
        origin = edge if isinstance(edge.value, str) else edge.get("from")
        if origin is None or origin.text not in above:
            name = origin.text if origin else ""
            place = (origin or edge).place
            mistakes.add(place, f'no vertex "{name}" stands above "{_name(item)}" in {job}.{did_you_mean(name, names)}')
            continue
        ship, how, width_there = edge.get("ship-strategy"), edge.get("exchange"), above[origin.text].parallelism
        if ship is not None and ship.text == "FORWARD" and width_there != width:
            mistakes.add(
                ship.place, f"FORWARD joins equal parallelisms, and here {width_there} meets {width}. Write REBALANCE."
            )
        inputs.append(
            Input(
                names.index(origin.text),
                ship.text if ship else _usual_ship_strategy(width_there, width),
                how.text if how else exchange,
            )
        )
    return tuple(inputs)


def _usual_ship_strategy(there: int, here: int) -> str:
    """StreamGraph: a partitioner that nobody chose forwards if it can."""
    return "FORWARD" if there == here else "REBALANCE"


def _usual_max_parallelism(parallelism: int) -> int:
    """KeyGroupRangeAssignment.computeDefaultMaxParallelism: one and a half times as much, to the next power of two."""
    wanted = parallelism + parallelism // 2
    return min(max(1 << (wanted - 1).bit_length(), _LEAST_MAX_PARALLELISM), MAX_PARALLELISM)
