"""Operations on snapshots."""

from __future__ import annotations

from typing import Any

from flinkmock.control.operation import ControlCall, operation
from flinkmock.control.operations.clock import clock_json
from flinkmock.control.schemas import array, obj, ref


@operation(
    "POST",
    "/snapshots",
    summary="Take a snapshot of the cluster.",
    returns=ref("Snapshot"),
    status=201,
    errors=(409,),
    python_equivalents=("ClusterControl.snapshot",),
)
def take_snapshot(call: ControlCall) -> Any:
    """A snapshot contains jobs, jars, async operations, scheduled events, faults, the journal, and the time."""
    snapshot_id, snapshot = call.api.snapshots.take()
    return {"id": snapshot_id, "at": snapshot.at}


@operation("GET", "/snapshots", summary="List the snapshots.", returns=obj({"snapshots": array(ref("Snapshot"))}))
def list_snapshots(call: ControlCall) -> Any:
    """Snapshots are listed in the order in which they were taken."""
    return {"snapshots": [{"id": snapshot_id, "at": snapshot.at} for snapshot_id, snapshot in call.api.snapshots]}


@operation(
    "POST",
    "/snapshots/{id}/restore",
    summary="Restore a snapshot.",
    returns=ref("Clock"),
    errors=(404, 409),
    python_equivalents=("ClusterControl.restore",),
)
def restore_snapshot(call: ControlCall) -> Any:
    """A snapshot can be restored any number of times. The clock is set back, too."""
    call.control.restore(call.api.snapshots.get(call.path_parameters["id"]))
    return clock_json(call)


@operation("DELETE", "/snapshots/{id}", summary="Delete a snapshot.", errors=(404,))
def delete_snapshot(call: ControlCall) -> Any:
    """The cluster is not changed."""
    call.api.snapshots.remove(call.path_parameters["id"])
