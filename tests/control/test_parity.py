"""The Python API and the control API have the same operations."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import flinkmock
from flinkmock import FlinkMock, Journal
from flinkmock.control.api import all_operations
from flinkmock.control.clock import ClusterClock
from flinkmock.control.cluster_control import ClusterControl
from flinkmock.control.faults import ClusterFaults
from flinkmock.control.job import JobControl
from flinkmock.control.jobs import ClusterJobs
from flinkmock.control.processes import ClusterJobManagers, ClusterTaskManagers

CLASSES: tuple[type[Any], ...] = (
    ClusterControl,
    FlinkMock,
    ClusterClock,
    ClusterJobs,
    JobControl,
    ClusterTaskManagers,
    ClusterJobManagers,
    ClusterFaults,
    Journal,
)
ONLY_IN_PYTHON = {
    "ClusterControl.on": "takes a Python function",
    "ClusterControl.engine": "a Python object",
    "ClusterControl.cluster": "a Python object",
    "ClusterControl.open_engine": "a request needs a server, which has an engine",
    "ClusterControl.close_engine": "a request needs a server, which has an engine",
    "ClusterControl.of_engine": "takes a Python object",
    "ClusterControl.new_cluster": "POST /clusters calls it",
    "FlinkMock.start": "a request needs a server",
    "FlinkMock.close": "`DELETE /clusters/{id}`, or the end of the process",
    "FlinkMock.create_app": "a Python object",
    "FlinkMock.control_url": "the client of the control API knows it",
    "FlinkMock.is_running": "a request needs a server",
    **dict.fromkeys(
        (
            "FlinkMock.auth",
            "FlinkMock.ca_file",
            "FlinkMock.client_certificate",
            "FlinkMock.headers",
            "FlinkMock.ssl_context",
        ),
        "a client needs it to send requests",
    ),
    "FlinkMock.settle": "for clients in the same process",
    "FlinkMock.restore": "overrides ClusterControl.restore, which has an operation",
    "Journal.add": "called by the server",
    "Journal.add_lazily": "called by the server",
    "Journal.snapshot": "part of ClusterControl.snapshot",
    "Journal.restore": "part of ClusterControl.restore",
}
"""Member of the Python API -> why the control API has no operation for it."""
ONLY_OVER_HTTP = {
    "getHealth",
    "getOpenapi",
    "getMetrics",
    "exportRequests",
    "getFault",
    "listSnapshots",
    "deleteSnapshot",
    "openCluster",
    "listClusters",
    "getCluster",
    "closeCluster",
    "getTimeline",
    "listScenarios",
    "listTemplates",
}
"""Operations about the server, or about something that is an object in Python."""


def public_members(cls: type[Any]) -> set[str]:
    return {f"{cls.__name__}.{name}" for name in vars(cls) if not name.startswith("_") and name != "control"}


PUBLIC_MEMBERS = {name for cls in CLASSES for name in public_members(cls)}
MEMBERS_WITH_OPERATION = {name for operation in all_operations() for name in operation.python_equivalents}


def test_every_public_member_has_an_operation() -> None:
    assert PUBLIC_MEMBERS - MEMBERS_WITH_OPERATION - ONLY_IN_PYTHON.keys() == set()


def test_the_members_that_exist_only_in_python_are_up_to_date() -> None:
    assert ONLY_IN_PYTHON.keys() <= PUBLIC_MEMBERS
    assert ONLY_IN_PYTHON.keys() & MEMBERS_WITH_OPERATION == set()


@pytest.mark.parametrize("operation", all_operations(), ids=lambda operation: operation.id)
def test_every_operation_has_a_member_of_the_python_api(operation: Any) -> None:
    if operation.id in ONLY_OVER_HTTP:
        assert operation.python_equivalents == ()
        return
    assert operation.python_equivalents
    for name in operation.python_equivalents:
        owner, _, member = name.rpartition(".")
        assert hasattr({cls.__name__: cls for cls in CLASSES}[owner] if owner else flinkmock, member), name


def test_each_operation_has_a_summary_a_description_and_its_own_id() -> None:
    for operation in all_operations():
        assert operation.summary.endswith(".") and operation.description.endswith((".", "`."))
        assert inspect.getdoc(operation.handler)
    ids = [operation.id for operation in all_operations()]
    assert len(ids) == len(set(ids))
