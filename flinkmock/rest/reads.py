"""Reads: GETs that change nothing. Repeated reads of one target share the parsed target, handler and template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flinkmock.cluster.clock import ClockMode
from flinkmock.cluster.errors import ClusterError
from flinkmock.contract.operation_traits import traits_of
from flinkmock.moment import Fragment
from flinkmock.rest.call import RestCall
from flinkmock.rest.handlers import handler_of
from flinkmock.rest.templates import Template, traced

if TYPE_CHECKING:
    from flinkmock.contract import Operation
    from flinkmock.engine import Engine
    from flinkmock.rest.resolver import ResolvedTarget

READS = frozenset((
    "getAggregatedJobMetrics",
    "getAggregatedSubtaskMetrics",
    "getAggregatedTaskManagerMetrics",
    "getApplicationDetails",
    "getApplicationsOverview",
    "getCheckpointConfig",
    "getCheckpointStatisticDetails",
    "getCheckpointingStatistics",
    "getClusterConfigurationInfo",
    "getClusterOverview",
    "getDashboardConfiguration",
    "getJobAccumulators",
    "getJobConfig",
    "getJobDetails",
    "getJobExceptions",
    "getJobIdsWithStatusesOverview",
    "getJobManagerJobConfiguration",
    "getJobManagerMetrics",
    "getJobManagerOperatorMetrics",
    "getJobMetrics",
    "getJobPlan",
    "getJobStatusInfo",
    "getJobVertexAccumulators",
    "getJobVertexBackPressure",
    "getJobVertexDetails",
    "getJobVertexMetrics",
    "getJobVertexTaskManagers",
    "getJobVertexWatermarks",
    "getJobsOverview",
    "getSubtaskCurrentAttemptDetails",
    "getSubtaskExecutionAttemptDetails",
    "getSubtaskMetrics",
    "getSubtasksAllAccumulators",
    "getSubtasksTimes",
    "getTaskCheckpointStatistics",
    "getTaskManagerDetails",
    "getTaskManagerMetrics",
    "getTaskManagers",
))  # fmt: skip
"""Ids of operations that clients poll, and that change nothing in the cluster except for times in its caches."""

_MAX_SKIPPED = 62
"""The maximum number of requests without an attempt to make a template, after attempts that were useless."""


class Read:
    """What repeated reads of one target share.

    Attributes:
        target: The target as sent.
        operation: The operation.
        path_parameters: The path parameters as sent.
        job_id: The converted job id in the path; None if there is none.
        template: The template of the last response; None if there is none.
    """

    __slots__ = (
        "_fragments",
        "_handler",
        "_is_traced",
        "_jobmanager",
        "_resolved",
        "_skip",
        "_useless",
        "job_id",
        "operation",
        "path_parameters",
        "target",
        "template",
    )

    def __init__(self, target: str, operation: Operation, resolved: ResolvedTarget, jobmanager: int) -> None:
        self.target = target
        self.operation = operation
        self.path_parameters = resolved.path_parameters
        self.job_id: str | None = resolved.path_values.get("jobid")
        self.template: Template | None = None
        self._resolved = resolved
        self._jobmanager = jobmanager
        self._handler = handler_of(operation.id)
        self._useless = 0
        """The number of attempts in a row that made no template, or one that was not used."""
        self._skip = 0
        self._is_traced = False
        self._fragments: dict[str, Fragment] = {}

    def is_polled(self, subjects: Mapping[str, Any]) -> bool:
        """Return whether the request counts as a poll of something that waits for polls."""
        return bool(subjects) and (traits_of(self.operation.id).lists_jobs or self.job_id in subjects)

    def current_template(self, engine: Engine, now: int, base_url: str) -> Template | None:
        """Return the template that is valid at `now` (epoch ms); None if there is none, so that `body` is needed."""
        template = self.template
        if template is None or template.changes != engine.lock.changes or now >= template.until:
            template = self._new_template(engine, now, base_url)
        return template

    def current_body(self, engine: Engine, now: int, base_url: str) -> bytes | None:
        """Return the body of the response at a time (epoch ms); None if `ResponseRenderer.json` has to render it.

        Raises:
            ClusterError: The cluster rejects the request.
        """
        template = self.current_template(engine, now, base_url)
        if template is not None:
            return template.body(now)
        try:
            return self.body(engine, now, base_url)
        except ClusterError:
            raise
        except Exception:
            return None

    def body(self, engine: Engine, now: int, base_url: str) -> bytes:
        """Return the body of the response at a time (epoch ms), computed by the handler.

        Raises:
            Exception: The handler raises an error, or `ResponseRenderer.json` has to render the body.
        """
        text = self._text(engine, now, base_url)
        if "\\u00" in text:
            raise ValueError("control characters are written by the renderer")
        body = text.encode("utf-8", errors="replace")
        if engine.clock.mode is ClockMode.VIRTUAL and not engine.cluster.cache_enabled:
            # reused while the clock stands still
            self.template, self._is_traced = Template([body], (), now + 1, engine.lock.changes), False
        return body

    def _new_template(self, engine: Engine, now: int, base_url: str) -> Template | None:
        """Make a template that is valid from `now` (epoch ms) on; None if that is not possible, or not useful."""
        if self._is_traced:
            assert self.template is not None
            # with parts that were made before, making a template costs less than a response without it
            used = self.template.hits > 1 or bool(self._fragments)
            self._useless = 0 if used else self._useless + 1
            self._skip = min((1 << self._useless) - 1, _MAX_SKIPPED)
        self.template, self._is_traced = None, False
        if self._skip:
            self._skip -= 1
            return None
        self.template = traced(lambda moment: self._text(engine, moment, base_url), now, engine.lock.changes)
        self._is_traced = self.template is not None
        if not self._is_traced:
            self._useless += 1
            self._skip = min((1 << self._useless) - 2, _MAX_SKIPPED)
        return self.template

    def _text(self, engine: Engine, now: int, base_url: str) -> str:
        return engine.renderer.text(self.operation, self._handler(self._call(engine, now, base_url)))

    def _call(self, engine: Engine, now: int, base_url: str) -> RestCall:
        path, query = self._resolved.path_values, self._resolved.query_values
        cluster, fragments = engine.cluster, self._fragments
        return RestCall(
            self.operation, cluster, now, path, query, {}, (), base_url, self._jobmanager, fragments=fragments
        )


def body_key(operation: Operation, path: Mapping[str, Any]) -> str:
    """Return the identity of a request's resource, for placeholders in its body."""
    return "/".join((operation.path, *map(str, path.values())))
