"""All that a scenario file says: the cluster, what goes wrong on the way to it, and what clients must do."""

from __future__ import annotations

from dataclasses import dataclass

from flinkmock.cluster.spec import ClusterSpec
from flinkmock.faults import Fault
from flinkmock.journal import Expected


@dataclass(frozen=True, slots=True)
class Scenario(ClusterSpec):
    """A `ClusterSpec` with what surrounds the cluster: `faults` in the order in which they are asked, and what is to be
    checked in the journal when the cluster closes."""

    faults: tuple[Fault, ...] = ()
    expect: tuple[Expected, ...] = ()
