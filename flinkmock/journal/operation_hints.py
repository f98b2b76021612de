"""Hints about an unmatched request: why its operation is not served, or which operation the client probably meant."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from flinkmock.contract import Contract, Operation
from flinkmock.contract.contract import known_releases
from flinkmock.journal.exchange import Exchange

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

MIN_SIMILARITY = 0.65
"""The similarity, from 0 to 1, that an operation needs to be suggested."""
MIN_SEGMENT_SIMILARITY = 0.6
"""The similarity, from 0 to 1, below which two segments are unrelated."""


def operation_hints(exchange: Exchange, contract: Contract) -> list[str]:
    """Return hints about an unmatched request; empty if there are none."""
    # the contract also has operations that the configuration of the cluster disables
    operation = contract.match(exchange.method, exchange.target)
    if operation is not None and operation.requires_config:
        options = ", ".join(f"{key}: {str(value).lower()}" for key, value in operation.requires_config.items())
        return [f"the operation requires the configuration {options}"]
    releases = [
        release for release in known_releases() if Contract.load(release).match(exchange.method, exchange.target)
    ]
    if releases:
        if len(releases) == 1:
            return [f"Flink {releases[0]} has this operation"]
        return [f"Flink {releases[0]} to {releases[-1]} have this operation"]
    if methods := methods_of_path(exchange.target, contract):
        noun = "method" if len(methods) == 1 else "methods"
        return [f"the path exists with the {noun} {' and '.join(methods)}"]
    nearest = max(contract, key=lambda operation: _similarity(operation, exchange), default=None)
    if nearest is None or _similarity(nearest, exchange) < MIN_SIMILARITY:
        return []
    return [f"did you mean {nearest}?"]


def methods_of_path(target: str, contract: Contract) -> list[str]:
    """Return the methods of the most specific operations that match a path.

    `/jobs/overview` matches operations of `/jobs/:jobid`, too, but these are less specific.
    """
    operations = [operation for method in METHODS if (operation := contract.match(method, target)) is not None]
    fewest_parameters = min(map(_count_parameters, operations), default=0)
    return [operation.method for operation in operations if _count_parameters(operation) == fewest_parameters]


def _count_parameters(operation: Operation) -> int:
    return sum(segment.startswith(":") for segment in operation.segments)


def _similarity(operation: Operation, exchange: Exchange) -> float:
    """Return the similarity of an operation and a request, from 0 to 1; the path has more weight than the method."""
    segments = [segment for segment in exchange.path.split("/") if segment]
    if segments[:1] == ["v1"]:
        del segments[0]
    score = _alignment_score(operation.segments, segments)
    path_similarity = score / max(len(operation.segments), len(segments), 1)
    return 0.9 * path_similarity + (0.1 if operation.method == exchange.method else 0)


def _alignment_score(expected: Sequence[str], sent: Sequence[str]) -> float:
    """Return the highest sum of similarities of aligned segments. Segments on either side may be left unaligned."""
    # scores[n]: the score of the best alignment of the expected segments so far with the first n segments sent
    scores = [0.0] * (len(sent) + 1)
    for expected_segment in expected:
        previous_scores, scores = scores, [0.0]
        for index, segment in enumerate(sent):
            aligned = previous_scores[index] + _segment_similarity(expected_segment, segment)
            scores.append(max(previous_scores[index + 1], scores[index], aligned))
    return scores[-1]


def _segment_similarity(expected: str, sent: str) -> float:
    """Return the similarity of two segments, from 0 to 1; 0 for unrelated ones, even if they share some letters."""
    if expected.startswith(":"):
        return 0.9
    ratio = SequenceMatcher(None, expected, sent).ratio()
    return ratio if ratio >= MIN_SEGMENT_SIMILARITY else 0
