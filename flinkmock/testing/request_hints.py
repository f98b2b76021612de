"""Hints about one request in the report of a failed test: the most likely mistake of the client."""

from __future__ import annotations

from flinkmock.journal import Exchange
from flinkmock.journal.operation_hints import operation_hints

MISSING_PROGRAM_MESSAGES = "entry was found in the jar file", "was not found in the jar file"
"""Parts of Flink's messages about jars that lack the program to run."""
SMALL_JAR_HINT = 'flinkmock.small_jar("org.example.Main") returns a jar with that class, for tests'


def request_hints(exchange: Exchange) -> list[str]:
    """Return hints about a request that matched no operation, has parts that Flink ignores, or runs an unusable jar."""
    hints: list[str] = []
    if exchange.contract is not None and not exchange.matched and exchange.fault is None:
        hints += operation_hints(exchange, exchange.contract)
    hints += exchange.ignored
    if any(part in (exchange.error_message or "") for part in MISSING_PROGRAM_MESSAGES):
        hints.append(SMALL_JAR_HINT)
    return hints
