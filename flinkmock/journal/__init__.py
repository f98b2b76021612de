"""The journal: the latest exchanges of a cluster, expectations about them, and exports."""

from flinkmock.errors import UnmetExpectation
from flinkmock.journal.count_range import CountRange
from flinkmock.journal.exchange import Exchange
from flinkmock.journal.expectation import Expectation, InOrder, RequestMatcher, Unmatched
from flinkmock.journal.export import as_har, as_json, as_json_lines, har_entry, har_frame, to_json_text
from flinkmock.journal.journal import Expected, Journal

__all__ = [
    "CountRange",
    "Exchange",
    "Expectation",
    "Expected",
    "InOrder",
    "Journal",
    "RequestMatcher",
    "Unmatched",
    "UnmetExpectation",
    "as_har",
    "as_json",
    "as_json_lines",
    "har_entry",
    "har_frame",
    "to_json_text",
]
