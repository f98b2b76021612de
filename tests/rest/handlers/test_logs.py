"""Print sinks write to the standard output of TaskManagers."""

import dataclasses

import pytest

from tests.cluster.cluster_factory import VERTICES, job
from tests.rest.handlers.handler_client import HandlerClient


def stdout_of(sink: str, prints: bool | None = None) -> bytes:
    vertices = (*VERTICES[:2], dataclasses.replace(VERTICES[2], operators=(sink,), prints=prints))
    with HandlerClient(dataclasses.replace(job(), vertices=vertices)) as client:
        client.advance("1s")
        [taskmanager] = client.call("getTaskManagers")["taskmanagers"]
        return bytes(client.call("getTaskManagerStdoutFile", taskmanagerid=taskmanager["id"]))


@pytest.mark.parametrize(("sink", "prints"), [("Sink: Print to Std. Out", None), ("Sink: mine", True)])
def test_a_print_sink_writes_a_line_for_each_record(sink: str, prints: bool | None) -> None:
    assert stdout_of(sink, prints).startswith(b"record 1\nrecord 2\n")


@pytest.mark.parametrize(("sink", "prints"), [("Sink: fingerprints", None), ("Sink: Print to Std. Out", False)])
def test_other_sinks_print_nothing(sink: str, prints: bool | None) -> None:
    assert stdout_of(sink, prints) == b""
