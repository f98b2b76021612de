"""The lists of metrics in the recordings are in the order of Flink's hash tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest

from flinkmock.contract import Contract
from flinkmock.flink.metrics.order import order_of_aggregated, order_of_requested, order_of_stored
from tests.fidelity.recordings import RECORDINGS, load

AGGREGATED = re.compile(r"(/jobs|/taskmanagers|.*/subtasks)/metrics")


def recorded_lists(version: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield the path, the requested names and the listed names of each recorded list of at least two metrics."""
    for suite in ("cluster", "job-running", "lifecycle"):
        for step in load(RECORDINGS / version / f"{suite}.json.gz"):
            path, body = step["request"].get("path", ""), step["response"].get("body")
            if path.endswith("metrics") and isinstance(body, list) and len(body) > 1:
                requested = ",".join(parse_qs(step["request"].get("query", "")).get("get", ()))
                yield path, requested.split(",") if requested else [], [metric["id"] for metric in body]


@pytest.mark.parametrize("version", ["2.3.0", "2.1.3", "1.20.5", "1.18.1", "1.17.2", "1.12.5"])
def test_recorded_metrics_are_in_the_order_of_hash_tables(version: str) -> None:
    release = Contract.load(version.rpartition(".")[0]).release
    kinds = set()
    for path, requested, listed in recorded_lists(version):
        aggregated = AGGREGATED.fullmatch(path) is not None
        kinds.add((aggregated, bool(requested)))
        if not requested:
            expected = order_of_aggregated(tuple(listed), release) if aggregated else order_of_stored(tuple(listed))
        else:
            expected = requested if aggregated else order_of_requested(tuple(requested))
        assert listed == [name for name in expected if name in listed], path
    assert len(kinds) == 4
