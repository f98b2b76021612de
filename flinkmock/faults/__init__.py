"""What goes wrong between a client and the cluster, and when: values and decisions. How it looks on the wire is the
server's part (`flinkmock/server/faults.py`)."""

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
