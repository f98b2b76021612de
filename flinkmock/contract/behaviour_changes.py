"""Changes of behaviour between releases that schemas don't show: statuses of errors, order, messages, timing.

The recordings of two releases, or the classes in their jars, show each of these changes. Changes that appear only in
texts of rare errors, in stack traces, logs and thread dumps, or in which metrics exist, are left out. The fake
implements a change with a flag of `flinkmock/rest/release_quirks.py`, or where the behaviour is: in `flinkmock/rest/`,
`flinkmock/cluster/` or `flinkmock/flink/`.
"""

from __future__ import annotations

from dataclasses import dataclass

ALL_OPERATIONS = "*"
"""Stands for all operations in `BehaviourChange.operations` and `ContractChange.where`."""
_FILES = tuple(f"GET /taskmanagers/:taskmanagerid/{file}" for file in ("log", "stdout", "logs/:filename"))
_PLANS = ("GET /jars/:jarid/plan", "POST /jars/:jarid/plan")
_TASKMANAGERS = ("GET /taskmanagers", "GET /taskmanagers/:taskmanagerid")
_SAVEPOINT_STATUS = ("GET /jobs/:jobid/savepoints/:triggerid",)
_CHECKPOINTS = ("GET /jobs/:jobid/checkpoints",)
_CHECKPOINT_CONFIG = ("GET /jobs/:jobid/checkpoints/config",)
_BACK_PRESSURE = ("GET /jobs/:jobid/vertices/:vertexid/backpressure",)
_VERTEX_METRICS = ("GET /jobs/:jobid/vertices/:vertexid/metrics",
                   "GET /jobs/:jobid/vertices/:vertexid/subtasks/:subtaskindex/metrics",
                   "GET /jobs/:jobid/vertices/:vertexid/subtasks/metrics")  # fmt: skip


@dataclass(frozen=True, slots=True)
class BehaviourChange:
    """One change of behaviour.

    Attributes:
        since: The first release with the change.
        operations: Operations such as "GET /jobs/:jobid", or `ALL_OPERATIONS`.
        description: A clause about the newer release, often with the older behaviour after "before".
        breaking: Whether it can break a client of the older release.
    """

    since: str
    operations: tuple[str, ...]
    description: str
    breaking: bool = False


def _jackson_update(since: str, jackson_version: str) -> BehaviourChange:
    return BehaviourChange(
        since, (ALL_OPERATIONS,), f"errors in a JSON body have the messages of Jackson {jackson_version}"
    )


BEHAVIOUR_CHANGES = (
    _jackson_update("1.13", "2.12"),
    BehaviourChange("1.13", _BACK_PRESSURE,
              "the first response has data from metrics, and the status for an unknown job or vertex is `deprecated`; "
              "before, the first request triggered sampling, and an unknown job or vertex was an error", breaking=True),
    BehaviourChange("1.13", _SAVEPOINT_STATUS,
              "a stop is COMPLETED when all tasks have finished; before, when its savepoint was written"),
    BehaviourChange("1.13", ("GET /datasets/delete/:triggerid",),
              "deleting an unknown data set completes; before, it stayed IN_PROGRESS"),
    BehaviourChange("1.13", _TASKMANAGERS, "freeResource has the free resources; before, it was 0"),
    BehaviourChange("1.13", ("POST /jars/:jarid/run",),
              "the id of a job that has ended is an error; before, it was a success and nothing ran", breaking=True),
    BehaviourChange("1.13", ("GET /jobs/:jobid/exceptions",),
              "500 for a negative maxExceptions; before, it meant 0", breaking=True),
    BehaviourChange("1.13",
              ("GET /jobs/:jobid/vertices/:vertexid/subtasks/:subtaskindex/attempts/:attempt/accumulators",),
              "id is made of the ids of graph and vertex, the subtask and the attempt; before, it was random"),
    BehaviourChange("1.14", (ALL_OPERATIONS,), "the message for an unknown path contains it: `Not found: /x`"),
    BehaviourChange("1.14", (ALL_OPERATIONS,),
              "text before the first part of a form is ignored; before, all parts were lost"),
    BehaviourChange("1.15", (ALL_OPERATIONS,),
              "exceptions of Java's library have the messages of Java 17; before, of Java 11"),
    BehaviourChange("1.15", (ALL_OPERATIONS,), "parameters are checked before a body that is null; before, after it"),
    BehaviourChange("1.15", ("PATCH /jobs/:jobid",), "409 for a job that has ended; before, 404", breaking=True),
    BehaviourChange("1.15", _SAVEPOINT_STATUS,
              "every JobManager knows the operation; before, only the JobManager that the client triggered it on"),
    BehaviourChange("1.15", _SAVEPOINT_STATUS, "the message for an unknown trigger id contains it"),
    BehaviourChange("1.15", ("GET /jobs/:jobid", "GET /jobs/:jobid/plan", *_PLANS),
              "a vertex's description is a tree of its operators; before, its name"),
    BehaviourChange("1.15", ("POST /jobs/:jobid/savepoints", "POST /jobs/:jobid/stop"),
              "the savepoint succeeds when some tasks have FINISHED; before, it failed (in 1.14, by default)"),
    BehaviourChange("1.15", _CHECKPOINT_CONFIG,
              "checkpoints_after_tasks_finish is true by default; before, it was false"),
    BehaviourChange("1.15", ("POST /jobs/:jobid/stop",),
              "a job with a task that fails after the savepoint becomes FAILED; before, it restarted"),
    BehaviourChange("1.15", (*_CHECKPOINTS, *_CHECKPOINT_CONFIG), "200 for a job that is INITIALIZING; before, 404"),
    _jackson_update("1.17", "2.13"),
    BehaviourChange("1.17", (ALL_OPERATIONS,), "names of response headers are in lower case"),
    BehaviourChange("1.17", _PLANS, "500 for an unknown jar; before, 400", breaking=True),
    BehaviourChange("1.17", _PLANS, "500 for a parallelism below 1; before, the cluster's default replaced it"),
    BehaviourChange("1.17", (*_CHECKPOINTS, *_CHECKPOINT_CONFIG), "404 for a batch job; before, 200", breaking=True),
    _jackson_update("1.18", "2.14"),
    BehaviourChange("1.18", _FILES, "404 for a file of an unknown TaskManager; before, 500", breaking=True),
    BehaviourChange("1.18", ("GET /taskmanagers/:taskmanagerid",),
              "allocatedSlots has the slots in use; before, only with fine-grained resource management"),
    BehaviourChange("1.18", _FILES, "the message for a file that a TaskManager lacks names the TaskManager"),
    BehaviourChange("1.18", _BACK_PRESSURE,
              "500 for a vertex that has finished in a running job and has no metrics; before, the status `deprecated`",
              breaking=True),
    BehaviourChange("1.18", _VERTEX_METRICS,
              "subtasks that have ended have no busy, idle and back-pressured time; before, the last values"),
    BehaviourChange("1.18", _CHECKPOINTS, "500 for a job that is INITIALIZING; before, 200", breaking=True),
    BehaviourChange("1.18", ("GET /jobs/:jobid", "GET /jobs/:jobid/vertices/:vertexid"),
              "a job of the adaptive scheduler shows its vertices while it waits for slots; before, none"),
    BehaviourChange("1.18", _TASKMANAGERS, "path begins with pekko.tcp://; before, with akka.tcp://"),
    BehaviourChange("1.19", (ALL_OPERATIONS,),
              "a file is rejected before all other checks if the operation accepts none"),
    BehaviourChange("1.19", ("GET /jobs/:jobid/exceptions",),
              "exceptionHistory has a failure immediately; before, after the tasks had restarted"),
    BehaviourChange("1.19", ("POST /jobs/:jobid/checkpoints",),
              "500 for an INCREMENTAL checkpoint; before, 202", breaking=True),
    BehaviourChange("1.19", ("GET /jobs/:jobid/config",),
              "restart-strategy is always `Cluster level default restart strategy`"),
    BehaviourChange("1.20", ("POST /jobs/:jobid/savepoints", "POST /jobs/:jobid/stop"),
              "the message for a missing directory names execution.checkpointing.savepoint-dir; before, "
              "state.savepoints.dir"),
    _jackson_update("2.0", "2.15"),
    BehaviourChange("2.0", ("GET /jobs/:jobid/config",),
              "restart-strategy is the job's strategy again, with durations such as PT1S; up to 1.18, such as 1000 ms"),
    BehaviourChange("2.0", ("POST /jobs",),
              "the file is a serialized ExecutionPlan; before, a JobGraph", breaking=True),
    _jackson_update("2.1", "2.18"),
    BehaviourChange("2.1", ("POST /jobs/:jobid/coordinators/:operatorid",),
              "404 for an unknown operator; before, 500", breaking=True),
    BehaviourChange("2.1", ("GET /jobs/:jobid", "GET /jobs/:jobid/plan"),
              "the plan of a job that is INITIALIZING has the keys jid, name, type and nodes; before, none"),
    _jackson_update("2.3", "2.20"),
    BehaviourChange("2.3", (ALL_OPERATIONS,),
              "bare LF line ends and protocols other than HTTP are rejected; before, accepted", breaking=True),
    BehaviourChange("2.3", _CHECKPOINTS,
              "the first checkpoint comes as soon as all tasks run; before, after a random part of the interval"),
    BehaviourChange("2.3", ("GET /jobs/:jobid/metrics",),
              "a job that is INITIALIZING has metrics of checkpoints; before, none"),
    BehaviourChange("2.3", ("GET /jobs", "GET /jobs/overview"), "the newest job is first; before, in no order"),
    BehaviourChange("2.3", ("POST /jars/:jarid/run",), "the message for a job id in use names its application"),
    BehaviourChange("2.3", ("POST /jobs",), "a plan without vertices leaves a FAILED application; before, nothing"),
)  # fmt: skip
"""The changes of behaviour that the docstring of this module does not exclude, in the order of releases."""
