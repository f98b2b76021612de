"""What releases do differently beyond their schemas: statuses of refusals, order, texts, what waits for what.

Each is seen in recordings of the releases before and after, or read out of the classes of each release's jar; how the
fake does it stands in `flinkmock/server/behaviour.py` and beside the facts in `flinkmock/resources/`.
"""

from __future__ import annotations

from dataclasses import dataclass

ALL = "*"
"""Stands for the operations when a behaviour is of all requests."""
_FILES = tuple(f"GET /taskmanagers/:taskmanagerid/{tail}" for tail in ("log", "stdout", "logs/:filename"))
_PLANS = ("GET /jars/:jarid/plan", "POST /jars/:jarid/plan")
_TASK_MANAGERS = ("GET /taskmanagers", "GET /taskmanagers/:taskmanagerid")
_SAVEPOINT = ("GET /jobs/:jobid/savepoints/:triggerid",)


@dataclass(frozen=True, slots=True)
class BehaviourChange:
    """`since`: the minor release that does it first. `where`: "GET /jobs/:jobid" and the like. `words`: a clause about
    the newer release. `breaking`: a client that was right about the older one can be wrong now."""

    since: str
    where: tuple[str, ...]
    words: str
    breaking: bool = False


def _json(since: str, jackson: str) -> BehaviourChange:
    return BehaviourChange(since, (ALL,), f"what is wrong with a JSON body is told in the words of Jackson {jackson}")


BEHAVIOURS = (
    _json("1.13", "2.12"),
    BehaviourChange("1.13", ("GET /jobs/:jobid/vertices/:vertexid/backpressure",),
              "comes from metrics, and so at once, and what is not there is `deprecated`; before, the first request "
              "set off a sampling, and an unknown job or vertex was refused", True),
    BehaviourChange("1.13", _SAVEPOINT,
              "a stop is COMPLETED when all tasks have finished; before, as soon as its savepoint was written"),
    BehaviourChange("1.13", ("GET /datasets/delete/:triggerid",),
              "deleting a data set that is not there ends; before it was IN_PROGRESS for ever"),
    BehaviourChange("1.13", _TASK_MANAGERS, "freeResource tells what is free; before it was 0"),
    BehaviourChange("1.13", ("POST /jars/:jarid/run",),
              "a job id that a job has had which ended is refused; before it was answered, and nothing ran", True),
    BehaviourChange("1.14", (ALL,), "what is not found is told with its path: `Not found: /x`"),
    BehaviourChange("1.15", (ALL,), "messages of Java's own exceptions are those of Java 17, before of Java 11"),
    BehaviourChange("1.15", ("PATCH /jobs/:jobid",), "409 for a job that has ended; before 404", True),
    BehaviourChange("1.15", _SAVEPOINT, "every JobManager knows the operation; before, only the one that was asked"),
    BehaviourChange("1.15", _SAVEPOINT, "an unknown trigger id is named in the message"),
    BehaviourChange("1.15", ("GET /jobs/:jobid", "GET /jobs/:jobid/plan", *_PLANS),
              "a vertex's description is a tree of its operators; before it was its name"),
    _json("1.17", "2.13"),
    BehaviourChange("1.17", (ALL,), "names of headers are in lower case"),
    BehaviourChange("1.17", _PLANS, "500 for an unknown jar; before 400", True),
    _json("1.18", "2.14"),
    BehaviourChange("1.18", _FILES, "404 for a file of an unknown task manager; before 500", True),
    BehaviourChange("1.18", _TASK_MANAGERS, "path begins with pekko.tcp://; before with akka.tcp://"),
    BehaviourChange("1.19", (ALL,), "a file that is sent to where none is taken is refused before anything else"),
    BehaviourChange("1.19", ("GET /jobs/:jobid/exceptions",),
              "a failure is in exceptionHistory at once; before, when the tasks had been restarted"),
    BehaviourChange("1.19", ("POST /jobs/:jobid/checkpoints",), "500 for an INCREMENTAL one; taken before", True),
    BehaviourChange("1.19", ("GET /jobs/:jobid/config",),
              "restart-strategy is always `Cluster level default restart strategy`"),
    _json("2.0", "2.15"),
    BehaviourChange("2.0", ("GET /jobs/:jobid/config",),
              "restart-strategy tells the job's own again, with lengths such as PT1S; up to 1.18 such as 1000 ms"),
    BehaviourChange("2.0", ("POST /jobs",), "the file is a serialized ExecutionPlan; before a JobGraph", True),
    _json("2.1", "2.18"),
    BehaviourChange("2.1", ("POST /jobs/:jobid/coordinators/:operatorid",),
              "404 for an unknown operator; before 500", True),
    _json("2.3", "2.20"),
    BehaviourChange("2.3", ("GET /jobs", "GET /jobs/overview"), "the newest job comes first; before in no order"),
    BehaviourChange("2.3", ("POST /jars/:jarid/run",), "a job id that is taken is refused as one of an application"),
)  # fmt: skip
"""In the order of releases."""
