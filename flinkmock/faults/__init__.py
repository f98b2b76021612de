"""Faults: things that go wrong between clients and the cluster, and the choice of the fault for a request."""

from flinkmock.faults.fault import (
    FIRST_TASKMANAGER,
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
from flinkmock.faults.selection import Faults, RequestInfo

__all__ = [
    "FIRST_TASKMANAGER",
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
