"""The options of an engine that are not part of its scenario."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flinkmock.cluster.cluster_spec import ClusterSpec
    from flinkmock.engine import Engine
    from flinkmock.ingress import Credential


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Options that take precedence over a scenario. None: the scenario decides.

    Attributes:
        flink: The minor release to serve.
        seed: The seed of all random choices.
        clock: The clock mode.
        default_clock: The clock mode if neither `clock` nor the scenario has one.
        start_time: The cluster time at which the scenario begins, in epoch ms. If neither this nor the scenario has
            one, the scenario begins at the time of the wall clock.
        base_path: The base path of the ingress.
        credentials: The credentials that the ingress accepts; (): those of the scenario.
    """

    flink: str | None = None
    seed: int | None = None
    clock: str | None = None
    default_clock: str = "real"
    start_time: int | None = None
    base_path: str | None = None
    credentials: tuple[Credential, ...] = ()

    def with_overrides(
        self,
        *,
        flink: str | None = None,
        seed: int | None = None,
        clock: str | None = None,
        default_clock: str | None = None,
        start_time: int | None = None,
    ) -> EngineOptions:
        """Return a copy in which the arguments that are not None replace the options."""
        return dataclasses.replace(
            self,
            flink=self.flink if flink is None else flink,
            seed=self.seed if seed is None else seed,
            clock=self.clock if clock is None else clock,
            default_clock=self.default_clock if default_clock is None else default_clock,
            start_time=self.start_time if start_time is None else start_time,
        )

    def create_engine(self, spec: ClusterSpec) -> Engine:
        """Create an engine. Raises UnknownRelease, FakerMissing, InvalidArgument."""
        from flinkmock.engine import Engine, wall_ms

        clock = self.clock or spec.clock or self.default_clock
        start_time = spec.start_time if self.start_time is None else self.start_time
        if start_time is None:
            start_time = wall_ms()
        engine = Engine(spec, flink=self.flink, seed=self.seed, clock=clock, start_time=start_time)
        if self.base_path is not None:
            engine.ingress = dataclasses.replace(engine.ingress, base_path=self.base_path)
        if self.credentials:
            engine.ingress = dataclasses.replace(engine.ingress, credentials=self.credentials)
        return engine
