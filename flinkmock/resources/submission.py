"""`POST /jobs`: a job as Flink's command line sends it, serialized, with its jars."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

from flinkmock.cluster.javain import BadStream, JavaObject, read_object
from flinkmock.cluster.problems import BadSubmission, Unserviceable
from flinkmock.cluster.program import already_submitted, template_of
from flinkmock.release import Release
from flinkmock.resources.call import Call, Facts, UploadedFile, resource

NO_PLAN_NAMED = "The jobGraphFileName field must not be omitted or be null."
"""So in 2.x as well, where the field is called executionPlanFileName."""
_ID_IN_NAME = re.compile(r"-([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class SerializedJob:
    """What is read of a job graph or stream graph. `savepoint` is the path to restore from."""

    id: str | None
    name: str | None
    savepoint: str | None


@resource("submitJob")
def submit(call: Call) -> Facts:
    """The job becomes what the first rule says that fits its name or that of one of its jars, but keeps its own name.

    Raises:
        BadSubmission: in the order of JobSubmitHandler: no plan named, files missing, the plan can't be read.
        Unserviceable: the job is known already, or the scenario wants this call to fail.
    """
    cluster = call.cluster
    files = {file.name: file for file in call.files}
    plan_name = _plan_file_name(call)
    if plan_name is None:
        raise BadSubmission(NO_PLAN_NAMED)
    plan = _file(files, plan_name, "ExecutionPlan" if cluster.release.since("2.0") else "JobGraph")
    jars = [_file(files, name, "Jar").name for name in call.body.get("jobJarFileNames") or ()]
    for artifact in call.body.get("jobArtifactFileNames") or ():
        _file(files, artifact["fileName"], "Artifact")
    sent = _read(plan, cluster.release)
    if sent.id in cluster.jobs:
        raise Unserviceable(already_submitted(cluster.release))
    template = template_of((sent.name or "", *jars), cluster.spec.submissions)
    spec = dataclasses.replace(template, name=sent.name or template.name)
    failure = cluster.submission_failure(spec)
    if failure is not None:
        raise Unserviceable(failure)
    job = cluster.submit(spec, call.now, job_id=sent.id or cluster.new_job_id(), savepoint=sent.savepoint)
    return {"jobUrl": f"/jobs/{job.id}"}


def _plan_file_name(call: Call) -> str | None:
    name: str | None = call.body.get("executionPlanFileName") or call.body.get("jobGraphFileName")
    return name


def _file(files: dict[str, UploadedFile], name: str, kind: str) -> UploadedFile:
    if name not in files:
        raise BadSubmission(f"{kind} file {name} could not be found on the server.", missing_file=True)
    return files[name]


def _read(file: UploadedFile, release: Release) -> SerializedJob:
    """Id and name stand in the plan; since 1.20 the id is in the file's name, too (FACTS 17)."""
    try:
        plan = read_object(file.path.read_bytes())
    except BadStream as bad:
        kind = "ExecutionPlan" if release.since("2.0") else "JobGraph"
        raise BadSubmission(f"Failed to deserialize {kind}.", cause=bad.cause) from None
    fields = plan.fields if isinstance(plan, JavaObject) else {}
    in_name = _ID_IN_NAME.search(file.name)
    return SerializedJob(
        id=_hex(fields.get("jobId") or fields.get("jobID")) or (in_name[1] if in_name else None),
        name=_text(fields.get("jobName")),
        savepoint=_restore_path(fields.get("savepointRestoreSettings")),
    )


def _hex(job_id: object) -> str | None:
    """The digits of an AbstractID: two longs, the lower part first."""
    if not isinstance(job_id, JavaObject) or not {"lowerPart", "upperPart"} <= job_id.fields.keys():
        return None
    return "".join(f"{job_id.fields[part] & (1 << 64) - 1:016x}" for part in ("lowerPart", "upperPart"))


def _restore_path(settings: object) -> str | None:
    return _text(settings.fields.get("restorePath")) if isinstance(settings, JavaObject) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
