"""Does a live server speak Flink's REST API? Asks it every safe question of the contract and judges the answers."""

from flinkmock.conformance.check import check
from flinkmock.conformance.report import Finding, Report
from flinkmock.errors import ServerUnreachable

__all__ = [
    "Finding",
    "Report",
    "ServerUnreachable",
    "check",
]
