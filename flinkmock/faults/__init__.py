"""Faults: things that go wrong between clients and the cluster, and the choice of the fault for a request."""

from flinkmock.faults.fault import (
    FIRST_PRESENT_TASKMANAGER,
    Corruption,
    CorruptionKind,
    Drop,
    Fault,
    FaultTrigger,
    JobStateCondition,
    LogNormal,
    PredefinedReply,
    Reply,
)
from flinkmock.faults.selection import Faults, TriggerContext

__all__ = [
    "FIRST_PRESENT_TASKMANAGER",
    "Corruption",
    "CorruptionKind",
    "Drop",
    "Fault",
    "FaultTrigger",
    "Faults",
    "JobStateCondition",
    "LogNormal",
    "PredefinedReply",
    "Reply",
    "TriggerContext",
]
