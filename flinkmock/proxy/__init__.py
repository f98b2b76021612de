"""A proxy for a live cluster. It forwards requests and responses unchanged, checks both, and applies faults."""

from flinkmock.errors import FaultRequiresFakeCluster
from flinkmock.proxy.proxy import Proxy
from flinkmock.proxy.traffic_checker import MAX_CHECKED_BYTES

__all__ = ["MAX_CHECKED_BYTES", "FaultRequiresFakeCluster", "Proxy"]
