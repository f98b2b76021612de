"""Checks whether a live server behaves as Flink's REST API does."""

from flinkmock.conformance.check import check
from flinkmock.conformance.report import Finding, Report
from flinkmock.errors import ServerUnreachable

__all__ = [
    "Finding",
    "Report",
    "ServerUnreachable",
    "check",
]
