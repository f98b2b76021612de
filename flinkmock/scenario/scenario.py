"""All that a scenario file says: the cluster, what goes wrong on the way to it, and what clients must do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from flinkmock.cluster.spec import ClusterSpec
from flinkmock.faults import Fault
from flinkmock.journal import Expected
from flinkmock.scenario.document import YamlNode


@dataclass(frozen=True, slots=True)
class Scenario(ClusterSpec):
    """A `ClusterSpec` with what surrounds the cluster: `faults` in the order in which they are asked, and what is to be
    checked in the journal when the cluster closes. `files` are those it was read from, its own first;
    `document` is what they say together."""

    faults: tuple[Fault, ...] = ()
    expect: tuple[Expected, ...] = ()
    files: tuple[Path, ...] = field(default=(), compare=False)
    document: YamlNode | None = field(default=None, compare=False, repr=False)
