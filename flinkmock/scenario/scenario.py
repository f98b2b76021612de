"""A complete scenario: the cluster, its faults, and what clients are expected to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from flinkmock.cluster.cluster_spec import ClusterSpec
from flinkmock.faults import Fault
from flinkmock.ingress import IngressSpec
from flinkmock.journal import Expected
from flinkmock.scenario.document import YamlNode


@dataclass(frozen=True, slots=True)
class Scenario(ClusterSpec):
    """A `ClusterSpec` with the faults and expectations around it.

    Attributes:
        faults: The faults, in the order in which they are tried.
        expect: What the journal must and must not contain when the cluster closes.
        ingress: The reverse proxy in front of the cluster.
        varied: Whether responses vary within the limits of the contract (`responses: varied`).
        files: The files that the scenario was read from, the file of the scenario first.
        document: The YAML document, merged with the files that it extends; jobs are not merged with their templates.
    """

    faults: tuple[Fault, ...] = ()
    expect: tuple[Expected, ...] = ()
    ingress: IngressSpec = field(default_factory=IngressSpec)
    varied: bool = False
    files: tuple[Path, ...] = field(default=(), compare=False)
    document: YamlNode | None = field(default=None, compare=False, repr=False)
