"""Reads: GET requests that trigger nothing. Reads of one target share the parsed target, handler and template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flinkmock.cluster.clock import ClockMode
from flinkmock.cluster.errors import ClusterError
from flinkmock.contract.operation_traits import traits_of
from flinkmock.moment import Fragment
from flinkmock.rest.call import RestCall
from flinkmock.rest.handlers import handler_of
from flinkmock.rest.templates import Template, make_template

if TYPE_CHECKING:
    from flinkmock.contract import Operation
    from flinkmock.engine import Engine
    from flinkmock.rest.resolver import ResolvedTarget

READ_OPERATION_IDS = frozenset((
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
"""The ids of the operations that clients poll, and that change nothing in the cluster except times in its caches."""

_MAX_SKIPPED_REQUESTS = 62
"""The maximum number of requests in a row for which no template is made, because earlier templates were useless."""


class Read:
    """What repeated reads of one target share.

    Attributes:
        target: The target as sent.
        operation: The operation.
        path_parameters: Parameter name -> text, decoded twice and not converted.
        job_id: The converted job id in the path; None if there is none.
        template: The template of the last response; None if there is none.
    """

    __slots__ = (
        "_fragments",
        "_handler",
        "_is_traced",
        "_jobmanager",
        "_resolved",
        "_skip_count",
        "_useless_count",
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
        self._useless_count = 0
        """The number of times in a row that no template could be made, or that a new template was not reused."""
        self._skip_count = 0
        """The number of following requests for which no template is made."""
        self._is_traced = False
        """Whether `template` is valid for a range of times, not only for one."""
        self._fragments: dict[str, Fragment] = {}
        """Key -> part of the last traced response, see `RestCall.part`."""

    def is_polled(self, waiters: Mapping[str, Any]) -> bool:
        """Return whether a wait condition may count the request as a poll. `waiters`: `WaitConditions.by_waiter`."""
        return bool(waiters) and (traits_of(self.operation.id).lists_jobs or self.job_id in waiters)

    def current_template(self, engine: Engine, now: int, base_url: str) -> Template | None:
        """Return a template that is valid at `now` (epoch ms); None: use `body`."""
        template = self.template
        if template is None or template.change_count != engine.lock.change_count or now >= template.until:
            template = self._new_template(engine, now, base_url)
        return template

    def current_body(self, engine: Engine, now: int, base_url: str) -> bytes | None:
        """Return the body of the response at a time (epoch ms); None if `RestApi` has to render it.

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
            raise ValueError("only the renderer writes control characters as Jackson does")
        body = text.encode("utf-8", errors="replace")
        if engine.clock.mode is ClockMode.VIRTUAL and not engine.cluster.caches_enabled:
            # a virtual clock may stand still, so that the body can be reused
            self.template, self._is_traced = Template([body], (), now + 1, engine.lock.change_count), False
        return body

    def _new_template(self, engine: Engine, now: int, base_url: str) -> Template | None:
        """Make a template that is valid from `now` (epoch ms) on; None if that is not possible, or not useful."""
        # After n useless templates in a row, 2^n - 1 requests are answered without a template.
        if self._is_traced:
            assert self.template is not None
            # if parts can be reused, making a template costs less than a response without one
            was_useful = self.template.hit_count > 1 or bool(self._fragments)
            self._useless_count = 0 if was_useful else self._useless_count + 1
            self._skip_count = min((1 << self._useless_count) - 1, _MAX_SKIPPED_REQUESTS)
        self.template, self._is_traced = None, False
        if self._skip_count:
            self._skip_count -= 1
            return None
        self.template = make_template(
            lambda moment: self._text(engine, moment, base_url), now, engine.lock.change_count
        )
        self._is_traced = self.template is not None
        if not self._is_traced:
            self._useless_count += 1
            # this request is the first without a template
            self._skip_count = min((1 << self._useless_count) - 2, _MAX_SKIPPED_REQUESTS)
        return self.template

    def _text(self, engine: Engine, now: int, base_url: str) -> str:
        return engine.renderer.text(self.operation, self._handler(self._call(engine, now, base_url)))

    def _call(self, engine: Engine, now: int, base_url: str) -> RestCall:
        path, query = self._resolved.path_values, self._resolved.query_values
        cluster, fragments = engine.cluster, self._fragments
        return RestCall(
            self.operation, cluster, now, path, query, {}, (), base_url, self._jobmanager, fragments=fragments
        )


def resource_key(operation: Operation, path: Mapping[str, Any]) -> str:
    """Return a text that identifies the resource of a request. Placeholders in its body depend on it."""
    return "/".join((operation.path, *map(str, path.values())))
