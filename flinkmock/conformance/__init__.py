"""Checks and records live servers, reviews hand-written fakes, and reports what an upgrade changes for a client."""

from flinkmock.conformance.check import check
from flinkmock.conformance.report import Finding, Report
from flinkmock.errors import ServerUnreachable

__all__ = [
    "Finding",
    "Report",
    "ServerUnreachable",
    "check",
]
