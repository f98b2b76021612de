"""What goes wrong between a client and the cluster, and when: values and decisions. How it looks on the wire is the
server's part (`flinkmock/server/faults.py`)."""

from flinkmock.faults.decide import Faults, Seen
from flinkmock.faults.fault import FIRST, Corrupt, Corruption, Drop, Fault, JobIs, LogNormal, NamedReply, Reply, When

__all__ = [
    "FIRST",
    "Corrupt",
    "Corruption",
    "Drop",
    "Fault",
    "Faults",
    "JobIs",
    "LogNormal",
    "NamedReply",
    "Reply",
    "Seen",
    "When",
]
