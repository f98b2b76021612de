"""Unused faults, expectations that never match, and parts of requests that Flink ignores."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flinkmock.journal import Expectation

if TYPE_CHECKING:
    from flinkmock.engine import Engine
    from flinkmock.journal import Exchange


@dataclass(frozen=True, slots=True)
class Findings:
    """The findings about a cluster and its clients, as sentences.

    Attributes:
        unused: Sentences about faults that applied to no request, paths in faults at which no response had a value, and
            expectations of a single request that no request can match.
        ignored: Sentences about fields and query parameters of requests that the served release does not read.
    """

    unused: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


def collect_findings(engine: Engine) -> Findings:
    """Return the current findings about a cluster and its clients."""
    release = engine.contract.release.minor
    impossible_messages = (
        expectation.impossible_message(release)
        for expectation in engine.expectations
        if isinstance(expectation, Expectation)  # the others don't name one request
    )
    unused = (*engine.faults.unused(), *(sentence for sentence in impossible_messages if sentence is not None))
    return Findings(unused, ignored_parts(engine.journal.exchanges()))


def ignored_parts(exchanges: Iterable[Exchange]) -> tuple[str, ...]:
    """Return a sentence about each part of requests that Flink ignores, with the number of the first request."""
    first_exchanges: dict[str, Exchange] = {}
    counts: dict[str, int] = {}
    for exchange in exchanges:
        if not exchange.body_bytes and "?" not in exchange.target:
            continue  # the request has no parts that could be ignored
        for sentence in exchange.ignored:
            first_exchanges.setdefault(sentence, exchange)
            counts[sentence] = counts.get(sentence, 0) + 1
    sentences = []
    for sentence, count in counts.items():
        more = f" and {count - 1} more" if count > 1 else ""
        sentences.append(f"{sentence} (request {first_exchanges[sentence].number}{more})")
    return tuple(sentences)
