"""A whole scenario: the cluster, the faults, and what clients must do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from flinkmock.cluster.spec import ClusterSpec
from flinkmock.faults import Fault
from flinkmock.ingress import IngressSpec
from flinkmock.journal import Expected
from flinkmock.scenario.document import YamlNode


@dataclass(frozen=True, slots=True)
class Scenario(ClusterSpec):
    """A `ClusterSpec` with the faults and expectations around it.

    Attributes:
        faults: In the order in which they are tried.
        expect: What the journal must contain when the cluster closes.
        ingress: The reverse proxy in front of the cluster.
        varied: Whether each response is another one that the contract allows (`responses: varied`).
        files: The files that the scenario was read from, its own first.
        document: The merged document.
    """

    faults: tuple[Fault, ...] = ()
    expect: tuple[Expected, ...] = ()
    ingress: IngressSpec = field(default_factory=IngressSpec)
    varied: bool = False
    files: tuple[Path, ...] = field(default=(), compare=False)
    document: YamlNode | None = field(default=None, compare=False, repr=False)
