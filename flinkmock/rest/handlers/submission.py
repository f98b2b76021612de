"""`POST /jobs`: a serialized job with its jars, as Flink's command line client sends it."""

from __future__ import annotations

import dataclasses
import re
from typing import NoReturn

from flinkmock.cluster.applications import single_job_application
from flinkmock.cluster.errors import InvalidJobSubmission, UncaughtJavaException
from flinkmock.cluster.restore import RestoreSettings
from flinkmock.cluster.spec import JobSpec
from flinkmock.cluster.submission.jars import read_jar
from flinkmock.cluster.submission.plan_decoder import SubmittedPlan, decode_plan
from flinkmock.cluster.submission.program import duplicate_submission_error, matching_rule
from flinkmock.cluster.submission.submitted_job import spec_of_plan
from flinkmock.flink import java_classes, submission_messages
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.java_serialization.reader import BadStream, read_object
from flinkmock.flink.row_values import BadValue
from flinkmock.release import Release
from flinkmock.rest.call import Payload, RestCall, UploadedFile, handles

_ID_IN_NAME = re.compile(r"-([0-9a-f]{32})")


@handles("submitJob")
def submit(call: RestCall) -> Payload:
    """Submit a job from its serialized plan.

    The first submission rule that matches the name of the job, the name of a jar, or an entry class determines the
    template. The job keeps its name, and its graph unless the rule sets `vertices`. Checkpoints, restart strategy and
    user-config come from the submitted plan, except for the keys in the rule.

    Raises:
        InvalidJobSubmission: The request names no plan, files are missing, or the plan can't be read; checked in the
            order of JobSubmitHandler.
        UncaughtJavaException: The job id exists already, the plan is empty, the results in the scenario can't be
            serialized, or the scenario makes this call fail.
    """
    cluster = call.cluster
    files = {file.name: file for file in call.files}
    plan_name = _plan_file_name(call)
    if plan_name is None:
        raise InvalidJobSubmission(submission_messages.NO_PLAN_FILE_NAME)
    plan_file = _uploaded_file(files, plan_name, "ExecutionPlan" if cluster.release.since("2.0") else "JobGraph")
    jar_files = [_uploaded_file(files, name, "Jar") for name in call.body.get("jobJarFileNames") or ()]
    for artifact in call.body.get("jobArtifactFileNames") or ():
        _uploaded_file(files, artifact["fileName"], "Artifact")
    submitted = _read_plan(plan_file, cluster.release)
    if submitted.id in cluster.jobs:
        raise UncaughtJavaException(duplicate_submission_error(cluster.release))
    job_id = submitted.id or cluster.new_job_id()
    if submitted.is_empty:
        _reject_empty_job(submitted, job_id, call)
    spec = _job_spec(submitted, jar_files, call)
    failure = cluster.submission_failure(spec)
    if failure is not None:
        raise UncaughtJavaException(failure)
    restore_settings = None
    if submitted.restore_path is not None:
        restore_settings = RestoreSettings(
            submitted.restore_path,
            allow_non_restored_state=submitted.allow_non_restored_state,
            claims_state=submitted.claims_state,
        )
    job = cluster.submit(spec, call.now, job_id=job_id, restore_settings=restore_settings)
    return {"jobUrl": f"/jobs/{job.id}"}


def _plan_file_name(call: RestCall) -> str | None:
    name: str | None = call.body.get("executionPlanFileName") or call.body.get("jobGraphFileName")
    return name


def _uploaded_file(files: dict[str, UploadedFile], name: str, kind: str) -> UploadedFile:
    """Return an uploaded file; `kind` is for the error message. Raises InvalidJobSubmission."""
    if name not in files:
        raise InvalidJobSubmission(submission_messages.file_not_on_server(kind, name), missing_file=True)
    return files[name]


def _job_spec(submitted: SubmittedPlan, jar_files: list[UploadedFile], call: RestCall) -> JobSpec:
    """Return the job that a plan and the matching submission rule describe. Raises UncaughtJavaException."""
    entry_classes: list[str] = []
    for file in jar_files:
        entry_classes_of_jar, _ = read_jar(file.path)
        entry_classes += entry_classes_of_jar
    names = (submitted.name or "", *(file.name for file in jar_files), *entry_classes)
    try:
        return spec_of_plan(submitted, matching_rule(names, call.cluster.spec.submissions))
    except BadValue as error:
        text = submission_messages.results_not_serializable(submitted.name or "", str(error))
        raise UncaughtJavaException(JavaException(java_classes.JOB_SUBMISSION_EXCEPTION, text)) from None


def _reject_empty_job(submitted: SubmittedPlan, job_id: str, call: RestCall) -> NoReturn:
    """Raise the Dispatcher's exception for a job without vertices. Since 2.3, a FAILED application remains."""
    if call.cluster.release.since("2.3"):
        application = single_job_application(job_id, submitted.name or "", call.now)
        application.is_rejected = True
        call.cluster.applications[job_id] = application
    cause = JavaException(java_classes.ILLEGAL_ARGUMENT_EXCEPTION, submission_messages.EMPTY_JOB)
    message = submission_messages.JOB_NOT_SUBMITTED
    raise UncaughtJavaException(JavaException(java_classes.JOB_SUBMISSION_EXCEPTION, message, cause))


def _read_plan(file: UploadedFile, release: Release) -> SubmittedPlan:
    """Read a plan. Since 1.20, its file name contains the id, too (docs/flink-behaviour.md#command-line-client)."""
    try:
        submitted = decode_plan(read_object(file.path.read_bytes()), release)
    except BadStream as error:
        kind = "ExecutionPlan" if release.since("2.0") else "JobGraph"
        raise InvalidJobSubmission(submission_messages.not_deserialized(kind), cause=error.cause) from None
    id_in_name = _ID_IN_NAME.search(file.name)
    if submitted.id or id_in_name is None:
        return submitted
    return dataclasses.replace(submitted, id=id_in_name[1])
