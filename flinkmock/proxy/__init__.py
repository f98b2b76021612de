"""A proxy in front of a live cluster that passes everything on as it is, checks both directions, and lets faults strike
when asked."""

from flinkmock.proxy.behind import NotOverALiveCluster
from flinkmock.proxy.judging import JUDGED_BYTES
from flinkmock.proxy.proxy import Proxy

__all__ = ["JUDGED_BYTES", "NotOverALiveCluster", "Proxy"]
