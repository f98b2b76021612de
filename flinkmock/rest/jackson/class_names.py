"""The Java classes of request bodies, which Jackson's messages contain (from recordings and jars)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flinkmock.flink.java_format import string_hash
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


def of(release: Release) -> Mapping[str, str]:
    """Return the Java classes by their names in the contract. Every name has a class."""
    names = _ClassNames(_CLASSES)
    if not release.since("1.20"):
        names["RestoreMode"] = "org.apache.flink.runtime.jobgraph.RestoreMode"
    return names


def cannot_parse(java_class: str, text: str) -> str:
    """Return the message of JobID.fromHexString, whose example is Flink's."""
    example = "fd72014d4c864993a2e5a9287b4a9c5d"
    return f'Cannot parse {java_class} from "{text}". The expected format is [0-9a-fA-F]{{32}}, e.g. {example}.'


def jackson_order(constants: Sequence[str]) -> list[str]:
    """Return the constants of an enum in the order of messages, that of Jackson's CompactStringObjectMap."""
    size = 8 if len(constants) <= 5 else 16 if len(constants) <= 12 else 32
    slots: dict[int, str] = {}
    spilled = size + size // 2
    for name in constants:
        slot = string_hash(name) & (size - 1)
        if slot in slots:
            slot = size + slot // 2
        if slot in slots:
            slot = spilled
            spilled += 1
        slots[slot] = name
    return [slots[slot] for slot in sorted(slots)]
