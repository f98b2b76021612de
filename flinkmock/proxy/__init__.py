"""A proxy in front of a live cluster that passes everything on as it is, checks both directions, and lets faults strike
when asked."""

from flinkmock.errors import FaultRequiresFakeCluster
from flinkmock.proxy.proxy import Proxy
from flinkmock.proxy.traffic_checker import JUDGED_BYTES

__all__ = ["JUDGED_BYTES", "FaultRequiresFakeCluster", "Proxy"]
