"""The Java classes of request bodies, which Jackson's messages contain (from recordings and jars)."""

from __future__ import annotations

from collections.abc import Mapping

from flinkmock.release import Release

_REST = "org.apache.flink.runtime.rest.messages"
_JARS = "org.apache.flink.runtime.webmonitor.handlers"
_EXECUTION = "org.apache.flink.core.execution"
_CLASSES = {
    "CheckpointTriggerRequestBody": f"{_REST}.checkpoints.CheckpointTriggerRequestBody",
    "CheckpointType": f"{_EXECUTION}.CheckpointType",
    "ClientCoordinationRequestBody": f"{_REST}.job.coordination.ClientCoordinationRequestBody",
    "EmptyRequestBody": f"{_REST}.EmptyRequestBody",
    "JarPlanRequestBody": f"{_JARS}.JarPlanRequestBody",
    "JarRunApplicationRequestBody": f"{_JARS}.JarRunApplicationRequestBody",
    "JarRunRequestBody": f"{_JARS}.JarRunRequestBody",
    "JobClientHeartbeatRequestBody": f"{_REST}.JobClientHeartbeatRequestBody",
    "JobResourceRequirementsBody": f"{_REST}.job.JobResourceRequirementsBody",
    "JobSubmitRequestBody": f"{_REST}.job.JobSubmitRequestBody",
    "JobSubmitRequestBody.DistributedCacheFile": f"{_REST}.job.JobSubmitRequestBody$DistributedCacheFile",
    "JobVertexResourceRequirements": "org.apache.flink.runtime.jobgraph.JobVertexResourceRequirements",
    "JobVertexResourceRequirements.Parallelism": (
        "org.apache.flink.runtime.jobgraph.JobVertexResourceRequirements$Parallelism"
    ),
    "ProfilingInfo.ProfilingMode": f"{_REST}.ProfilingInfo$ProfilingMode",
    "ProfilingRequestBody": f"{_REST}.cluster.ProfilingRequestBody",
    "RecoveryClaimMode": f"{_EXECUTION}.RecoveryClaimMode",
    "RestoreMode": f"{_EXECUTION}.RestoreMode",
    "SavepointDisposalRequest": f"{_REST}.job.savepoints.SavepointDisposalRequest",
    "SavepointFormatType": f"{_EXECUTION}.SavepointFormatType",
    "SavepointTriggerRequestBody": f"{_REST}.job.savepoints.SavepointTriggerRequestBody",
    "StopWithSavepointRequestBody": f"{_REST}.job.savepoints.stop.StopWithSavepointRequestBody",
}


class _ClassNames(dict[str, str]):
    """Gives classes of imported releases the package of Flink's REST messages, because descriptions lack packages."""

    def __missing__(self, name: str) -> str:
        return f"{_REST}.{name.replace('.', '$')}"


def java_classes_of(release: Release) -> Mapping[str, str]:
    """Return the Java classes by their names in the contract. Every name has a class."""
    names = _ClassNames(_CLASSES)
    if not release.since("1.20"):
        names["RestoreMode"] = "org.apache.flink.runtime.jobgraph.RestoreMode"
    return names
