"""Operations on jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flinkmock.control.operation import ControlCall, operation
from flinkmock.control.schemas import EXCEPTION, NON_EMPTY_TEXT, STATE, WALL_DURATION, array, obj, ref
from flinkmock.control.waiting import parse_wall_duration

if TYPE_CHECKING:
    from flinkmock.control.job import JobControl

_JOB_ERRORS = (404, 409)


def job_json(job: JobControl) -> dict[str, Any]:
    """Return a job as in the schema Job."""
    with job.engine.lock:
        state = job.state
        model, checkpoints = job.job, job.checkpoints
        return {
            "id": job.id,
            "name": job.name,
            "state": state,
            "submitted-at": model.submitted_at,
            "ended-at": model.ended_at(job.engine.clock.now()),
            "vertices": [
                {"id": vertex.id, "name": vertex.name, "parallelism": vertex.parallelism}
                for vertex in model.graph.vertices
            ],
            "restarts": model.restart_count,
            "restored-from": job.restored_from,
            "completed-checkpoints": len(checkpoints),
            "latest-checkpoint": _checkpoint_json(checkpoints[-1]) if checkpoints else None,
            "savepoints": [_checkpoint_json(savepoint) for savepoint in job.savepoints],
        }


def _checkpoint_json(checkpoint: Any) -> dict[str, Any]:
    return {"id": checkpoint.id, "path": checkpoint.path, "completed-at": checkpoint.ends_at}


def _job(call: ControlCall) -> JobControl:
    return call.control.job(call.path_parameters["job"])


@operation(
    "GET",
    "/jobs",
    summary="List the jobs.",
    returns=obj({"jobs": array(ref("Job"))}),
    python_equivalents=("ClusterControl.jobs",),
)
def list_jobs(call: ControlCall) -> Any:
    """Jobs are listed in the order of submission."""
    return {"jobs": [job_json(job) for job in call.control.jobs]}


@operation(
    "POST",
    "/jobs",
    summary="Submit a job.",
    body=obj(
        {
            "name": NON_EMPTY_TEXT,
            "template": {
                **NON_EMPTY_TEXT,
                "description": "A template of the scenario, or a built-in one; `extends` takes precedence. Without "
                "both, the job extends the built-in `batch` if its type is batch, otherwise the built-in `streaming`.",
            },
        },
        required=("name",),
        closed=False,
    ),
    returns=ref("Job"),
    status=201,
    errors=(409, 422),
    python_equivalents=("ClusterJobs.submit",),
)
def submit_job(call: ControlCall) -> Any:
    """The body can have all keys of a job in a scenario except `age`, such as `lifecycle` and `parallelism`. The status
    is 422 if the definition is invalid, and 409 if a job with its `id` exists or if the scenario makes the submission
    fail."""
    definition = {key: value for key, value in call.body.items() if key not in ("name", "template")}
    return job_json(call.control.jobs.submit(call.body["name"], call.body.get("template"), definition))


@operation(
    "GET",
    "/jobs/{job}",
    summary="Get a job.",
    returns=ref("Job"),
    errors=(404,),
    python_equivalents=(
        "ClusterControl.job",
        "ClusterJobs.get",
        "JobControl.job",
        "JobControl.id",
        "JobControl.name",
        "JobControl.state",
        "JobControl.vertices",
        "JobControl.checkpoints",
        "JobControl.savepoints",
        "JobControl.restored_from",
    ),
)
def get_job(call: ControlCall) -> Any:
    """`job` is the id of a job, or a name, which selects the newest job with this name."""
    return job_json(_job(call))


@operation(
    "POST",
    "/jobs/{job}/fail",
    summary="Make a task of a job throw an exception.",
    body=obj(
        {
            "exception": EXCEPTION,
            "vertex": {
                **NON_EMPTY_TEXT,
                "description": "The name of the vertex whose task fails. If it does not run, another is chosen.",
            },
        },
        required=(),
    ),
    returns=ref("Job"),
    errors=(*_JOB_ERRORS, 422),
    python_equivalents=("JobControl.fail",),
)
def fail_job(call: ControlCall) -> Any:
    """The restart strategy of the job decides what follows. While no task is deployed, the failure is global. This has
    no effect while the job is RESTARTING, FAILING or CANCELLING. The status is 409 if the job has ended."""
    job = _job(call)
    job.fail(exception=call.body.get("exception"), vertex=call.body.get("vertex"))
    return job_json(job)


@operation(
    "POST",
    "/jobs/{job}/finish",
    summary="Finish a job.",
    returns=ref("Job"),
    errors=_JOB_ERRORS,
    python_equivalents=("JobControl.finish",),
)
def finish_job(call: ControlCall) -> Any:
    """The status is 409 if the job has ended."""
    job = _job(call)
    job.finish()
    return job_json(job)


@operation(
    "POST",
    "/jobs/{job}/cancel",
    summary="Cancel a job.",
    returns=ref("Job"),
    errors=_JOB_ERRORS,
    python_equivalents=("JobControl.cancel",),
)
def cancel_job(call: ControlCall) -> Any:
    """This does the same as Flink's `PATCH /jobs/:jobid`, but the scenario can't make it fail, and the journal does not
    record it. The status is 409 if the job has ended, unless it is CANCELED."""
    job = _job(call)
    job.cancel()
    return job_json(job)


@operation(
    "POST",
    "/jobs/{job}/restart",
    summary="Restart all tasks of a job.",
    returns=ref("Job"),
    errors=_JOB_ERRORS,
    python_equivalents=("JobControl.restart",),
)
def restart_job(call: ControlCall) -> Any:
    """The job fails and restarts, regardless of its restart strategy. The status is 409 if the job is not RUNNING."""
    job = _job(call)
    job.restart()
    return job_json(job)


@operation(
    "POST",
    "/jobs/{job}/wait",
    summary="Wait until a job is in a state.",
    body=obj({"state": STATE, "timeout": {**WALL_DURATION, "default": "5s"}}, required=("state",)),
    returns=ref("Job"),
    errors=(409,),
    python_equivalents=("ClusterJobs.wait_for", "ClusterJobs.state_condition", "ClusterJobs.timeout_error"),
)
async def wait_for_job(call: ControlCall) -> Any:
    """This does not advance the clock: the job changes its state because of clients, signals or the wall clock. The
    job may not exist yet. The status is 409 if the job is not in the state when the timeout expires."""
    jobs, name, state = call.control.jobs, call.path_parameters["job"], call.body["state"]
    timeout = parse_wall_duration(call.body.get("timeout", "5s"))
    job = await call.host.wait_for(jobs.state_condition(name, state), timeout)
    if job is None:
        raise jobs.timeout_error(name, state, timeout)
    return job_json(job)
