"""What clients did: each request with its answer, questions about them, expectations, and exports."""

from flinkmock.journal.exchange import Exchange
from flinkmock.journal.expectation import Expectation, InOrder, Unmatched, Wanted
from flinkmock.journal.export import as_har, as_json, as_json_lines
from flinkmock.journal.journal import Expected, Journal, UnmetExpectation
from flinkmock.journal.times import Times

__all__ = [
    "Exchange",
    "Expectation",
    "Expected",
    "InOrder",
    "Journal",
    "Times",
    "Unmatched",
    "UnmetExpectation",
    "Wanted",
    "as_har",
    "as_json",
    "as_json_lines",
]
