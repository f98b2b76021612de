"""Jars: the list, upload, plan, run and deletion."""

from __future__ import annotations

from typing import Any

from flinkmock.cluster.applications import Application
from flinkmock.cluster.errors import BadRequest, InvalidUpload, ProgramError, UncaughtJavaException
from flinkmock.cluster.graph import JobGraph
from flinkmock.cluster.restore import RestoreSettings
from flinkmock.cluster.spec import ClusterOperation, JobSpec
from flinkmock.cluster.submission.program import (
    DUPLICATE_JOB,
    Program,
    duplicate_submission_error,
    entry_class,
    job_to_plan,
    job_to_run,
    not_initialized_error,
    output_of_main,
    submission_error,
    tokenize,
)
from flinkmock.flink import java_classes, submission_messages
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.log_messages import closed_class_loader
from flinkmock.flink.options import DEFAULT_PARALLELISM
from flinkmock.rest.call import Payload, RestCall, handles
from flinkmock.rest.handlers.plan import plan_payload

DISK_FULL = JavaException(java_classes.IO_EXCEPTION, submission_messages.DISK_FULL)
"""The exception of a failed upload for which the scenario gives none."""


@handles("getJarList")
def listing(call: RestCall) -> Payload:
    return {
        "address": call.base_url,
        "files": [
            {
                "id": jar.id,
                "name": jar.name,
                "uploaded": jar.uploaded_at,
                "entry": [{"name": name, "description": None} for name in jar.entry_classes],
            }
            for jar in call.cluster.jars.newest_first(call.jobmanager)
            if jar.uploaded_at <= call.now
        ],
    }


@handles("uploadJar")
def upload(call: RestCall) -> Payload:
    """Store an uploaded jar.

    Raises:
        InvalidUpload: Not exactly one file was sent, or the file is not named `*.jar`, or it can't be stored.
        UncaughtJavaException: The scenario makes this call fail.
    """
    if len(call.files) != 1:
        raise InvalidUpload(submission_messages.not_one_file(len(call.files)))
    (file,) = call.files
    spec = call.cluster.cluster_operation_spec(None, ClusterOperation.UPLOAD)
    if call.cluster.next_call_fails("", ClusterOperation.UPLOAD, spec):
        raise UncaughtJavaException(spec.exception or DISK_FULL)
    jar = call.cluster.jars.add(file.name, file.path, call.now, call.jobmanager)
    return {"filename": f"{call.cluster.jars.shown_folder}/{jar.id}", "status": "success"}


@handles("deleteJar")
def delete(call: RestCall) -> Payload:
    """Delete the jar. Raises JarNotFound."""
    call.cluster.jars.delete(call.path["jarid"], call.jobmanager)
    return {}


@handles("generatePlanFromJar", "generatePlanFromJarGet")
def plan(call: RestCall) -> Payload:
    """Return the plan of the jar's program. Raises JarNotFound, ProgramError, BadRequest."""
    cluster = call.cluster
    parallelism = cluster.configuration.integer(DEFAULT_PARALLELISM)
    try:
        spec = job_to_plan(_program(call), cluster.spec.submissions, cluster.release, parallelism)
    except ProgramError as error:
        if error.ends_output:
            _end_output(call)
        raise
    job_id = call.body.get("jobId") or cluster.new_job_id()
    return {"plan": plan_payload(job_id, spec.name, spec.type, JobGraph(spec), cluster.release)}


@handles("submitJobFromJar")
def run(call: RestCall) -> Payload:
    """Run the jar's program, which submits a job. Raises JarNotFound, ProgramError, BadRequest."""
    cluster = call.cluster
    spec = _job_to_run(call, _program(call))
    job_id = call.body.get("jobId")
    if job_id in cluster.jobs:
        if not cluster.release.since("1.13") and cluster.jobs[job_id].has_ended:
            return {"jobid": job_id}  # 1.12 does not wait for the Dispatcher's response
        raise submission_error(spec.name, duplicate_submission_error(cluster.release))
    failure = cluster.submission_failure(spec)
    if failure is not None:
        raise submission_error(spec.name, failure)
    job = cluster.submit(spec, call.now, job_id=job_id, restore_settings=_restore_settings(call), is_initialized=True)
    if job.ended_before_start:
        raise not_initialized_error(spec.name, job.failures[-1].exception)
    return {"jobid": job.id, "applicationId": job.application_id}


@handles("submitApplicationFromJar")
def run_application(call: RestCall) -> Payload:
    """Submit an application. The response is sent before the main method runs, whose exceptions fail the application.

    Raises:
        JarNotFound: There is no such jar.
        ProgramError: There is no entry class.
    """
    cluster = call.cluster
    program = _program(call)
    name = entry_class(program)
    application_id = call.body.get("applicationId") or cluster.new_job_id()
    try:
        spec = _job_to_run(call, program)
        if call.body.get("jobId") in cluster.jobs:
            raise submission_error(spec.name, DUPLICATE_JOB)
    except ProgramError as error:
        failure = None if error.message == submission_messages.NO_JOBS else error.exception
        cluster.applications[application_id] = Application(application_id, name, call.now, failure=failure)
    else:
        call.cluster.submit(
            spec,
            call.now,
            job_id=call.body.get("jobId"),
            restore_settings=_restore_settings(call),
            application=Application(application_id, name, call.now),
        )
    return {"applicationid": application_id}


def _end_output(call: RestCall) -> None:
    """Drop what main methods print from this time on, because Flink does not restore System.out after the exception."""
    cluster = call.cluster
    cluster.output_has_ended = True
    # the log4j of these releases can't log the exception, and prints why
    if cluster.release.since("1.20") and not cluster.release.since("2.3"):
        cluster.program_output.append((call.now, closed_class_loader(call.now)))


def _job_to_run(call: RestCall, program: Program) -> JobSpec:
    """Return the job that the program's main method starts; keep what the method prints. Raises ProgramError."""
    rules = call.cluster.spec.submissions
    printed = output_of_main(program, rules)
    if printed and not call.cluster.output_has_ended:
        call.cluster.program_output.append((call.now, printed))
    return job_to_run(program, rules)


def _program(call: RestCall) -> Program:
    """Return the program of the request.

    Raises:
        JarNotFound: There is no such jar.
        BadRequest: The request has arguments of the program as a list and as a text (1.x).
    """
    arguments = _arguments(call)
    jar = call.cluster.jars.get(call.path["jarid"], call.jobmanager)
    return Program(
        jar=jar,
        location=f"{call.cluster.jars.shown_folder}/{jar.id}",
        entry_class=call.body.get("entryClass") or call.query_value("entry-class") or None,
        arguments=arguments,
        parallelism=_first(call.body.get("parallelism"), call.query_value("parallelism")),
        configuration=call.body.get("flinkConfiguration") or {},
    )


def _arguments(call: RestCall) -> list[str]:
    """Return the arguments of the program. Raises BadRequest."""
    listed_arguments: list[str] = list(_first(call.body.get("programArgsList"), call.query.get("programArg"), []))
    if call.cluster.release.since("2.0"):  # 2.x ignores the fields and parameters of 1.x
        return listed_arguments
    tokens = tokenize(call.body.get("programArgs") or call.query_value("program-args") or "")
    if tokens and listed_arguments:
        raise BadRequest(submission_messages.CONFUSING_ARGUMENTS)
    return listed_arguments or tokens


def _restore_settings(call: RestCall) -> RestoreSettings | None:
    """Return the restore settings; None if there are none. Fields of the request override its `flinkConfiguration`."""
    configured = call.body.get("flinkConfiguration") or {}

    def option(name: str) -> str | None:
        keys = (f"execution.state-recovery.{name}", f"execution.savepoint.{name}")
        return next((configured[key] for key in keys if key in configured), None)

    allow_non_restored_state = _first(call.body.get("allowNonRestoredState"), call.query_value("allowNonRestoredState"))
    ignores_unclaimed_state = (option("ignore-unclaimed-state") or "").lower() == "true"
    mode = call.body.get("claimMode") or call.body.get("restoreMode") or option("claim-mode") or ""
    path = call.body.get("savepointPath") or call.query_value("savepointPath") or option("path")
    if path is None:
        return None
    return RestoreSettings(
        path,
        allow_non_restored_state=(
            ignores_unclaimed_state if allow_non_restored_state is None else bool(allow_non_restored_state)
        ),
        claims_state=mode.upper() == "CLAIM",
    )


def _first(*values: Any) -> Any:
    """Return the first value that is not None (HandlerRequestUtils.fromRequestBodyOrQueryParameter)."""
    return next((value for value in values if value is not None), None)
