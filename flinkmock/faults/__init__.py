"""Faults: things that go wrong between clients and the cluster, and the choice of the fault for a request."""

from flinkmock.faults.decide import Faults, RequestInfo
from flinkmock.faults.fault import (
    FIRST,
    Corrupt,
    Corruption,
    Drop,
    Fault,
    FaultTrigger,
    JobInState,
    LogNormal,
    NamedReply,
    Reply,
)

__all__ = [
    "FIRST",
    "Corrupt",
    "Corruption",
    "Drop",
    "Fault",
    "FaultTrigger",
    "Faults",
    "JobInState",
    "LogNormal",
    "NamedReply",
    "Reply",
    "RequestInfo",
]
