"""Invariants of jobs: their states, times, vertices in the details, and plans."""

from __future__ import annotations

from base64 import b64decode
from collections import Counter
from collections.abc import Iterator

from flinkmock.conformance.coherence.registry import METRICS, between, within
from flinkmock.conformance.coherence.relations import (
    Relations,
    ascending,
    close,
    counting_up,
    descending_rows,
    equal,
    one_of,
    same_fields,
    true,
    unique,
)
from flinkmock.conformance.coherence.values import MISSING, Value, computed, constant, count, highest, total
from flinkmock.conformance.coherence.view import View

TERMINAL = frozenset({"FINISHED", "FAILED", "CANCELED"})
ALIVE_TASKS = frozenset({"DEPLOYING", "INITIALIZING", "RUNNING"})
_RULES = "rules-that-hold"
_NO_TIME = constant(-1, "-1")


def jobs_of(view: View, job_id: str) -> Iterator[Value]:
    """Yield the rows about a job in lists of jobs: /jobs/overview, and those of applications."""
    yield row_with(view.body("getJobsOverview")["jobs"], "jid", job_id)
    for application in view.subjects("application"):
        yield row_with(view.body("getApplicationDetails", applicationid=application[0])["jobs"], "jid", job_id)


def row_with(rows: Value, key: str, raw: object) -> Value:
    """Return the row of a list that has a value under a key; a missing value if there is none."""
    return next((row for row in rows if row[key].raw == raw), Value(MISSING))


@within("getJobDetails", text="The start-time of a job is the time at which it became INITIALIZING.", source=_RULES)
def job_start_time(job: Value) -> Relations:
    yield from equal(job["start-time"], job["timestamps"]["INITIALIZING"])


@within(
    "getJobDetails",
    text="The end-time of a job is the time of its terminal state, and -1 before that.",
    source=_RULES,
)
def job_end_time(job: Value) -> Relations:
    if job["state"].is_in(TERMINAL):
        yield from equal(job["end-time"], job["timestamps"][job["state"].raw])
    elif job["state"].raw != "SUSPENDED":
        yield from true(job["end-time"].raw == -1, "a job that has not ended has an end-time", *_both(job), exact=True)


def _both(job: Value) -> tuple[Value, Value]:
    return job["end-time"], job["state"]


@within("getJobDetails", text="The duration of a job is end-time - start-time, or now - start-time.", source=_RULES)
def job_duration(job: Value) -> Relations:
    end = job["now"] if job["end-time"].raw == -1 else job["end-time"]
    yield from equal(job["duration"], end - job["start-time"])


@within("getJobDetails", text="No timestamp of a job is later than now.", source=_RULES)
def job_times_are_past(job: Value) -> Relations:
    for _, time in job["timestamps"].items():
        yield from ascending(time, job["now"])
    yield from ascending(job["start-time"], job["now"])
    yield from ascending(job["end-time"], job["now"])


@within("getJobDetails", text="The latest timestamp of a job is that of its state.", source=_RULES)
def job_state_is_latest(job: Value) -> Relations:
    entered = job["timestamps"][str(job["state"].raw)]
    if job["state"].exists and entered.exists:
        yield from true(entered.raw > 0, "the state has no time", entered, job["state"])
    if entered.exists and entered.raw:
        for state, time in job["timestamps"].items():
            if state != job["state"].raw and time.raw and entered.raw < time.raw:
                yield from true(False, "the job is in a state that it entered earlier", time, entered, job["state"])
            elif time.raw:
                yield from true(True, "", time, entered, job["state"])


@within("getJobDetails", text="A job enters its states in the order of its life cycle.", source="job-states")
def job_states_in_order(job: Value) -> Relations:
    times = job["timestamps"]
    for earlier, later in (
        ("INITIALIZING", "CREATED"),
        ("INITIALIZING", "FAILED"),
        ("CREATED", "RUNNING"),
        ("CREATED", "FINISHED"),
        ("CREATED", "CANCELED"),
        ("RUNNING", "FINISHED"),
        ("FAILING", "FAILED"),
        ("CANCELLING", "CANCELED"),
    ):
        if times[earlier].raw and times[later].raw:
            yield from ascending(times[earlier], times[later])
    if times["RUNNING"].raw and times["CREATED"].exists:
        yield from true(times["CREATED"].raw > 0, "RUNNING without CREATED", times["CREATED"], times["RUNNING"])
    for state in ("FAILING", "CANCELLING", "RESTARTING", "FINISHED"):
        if times[state].raw and times["RUNNING"].exists and state != "CANCELLING":
            yield from true(times["RUNNING"].raw > 0, f"{state} without RUNNING", times["RUNNING"], times[state])


@within("getJobDetails", text="A job has at most one terminal state, and then it is in it.", source="job-states")
def job_has_one_terminal_state(job: Value) -> Relations:
    for state in sorted(TERMINAL):
        time = job["timestamps"][state]
        if job["state"].exists and time.exists and state != job["state"].raw:
            yield from true(time.raw == 0, f"the job has entered {state} and isn't in it", time, job["state"])


@within("getJobDetails", text="status-counts counts the vertices by their status.", source="job-details")
def job_status_counts(job: Value) -> Relations:
    statuses = [vertex["status"] for vertex in job["vertices"]]
    for status, counted in job["status-counts"].items():
        yield from equal(counted, count(statuses, [status], f"vertices with status {status}"))


@within("getJobDetails", text="No job is stoppable: that flag has had no meaning since 1.9.", source="job-details")
def job_is_not_stoppable(job: Value) -> Relations:
    if job["isStoppable"].exists:
        yield from true(job["isStoppable"].raw is False, "a job is stoppable", job["isStoppable"], exact=True)


@within("getJobDetails", text="The ids of a job's vertices are unique.", source="job-details")
def vertex_ids_are_unique(job: Value) -> Relations:
    yield from unique(job["vertices"], "id")


@within("getJobDetails", text="The tasks of a vertex are as many as its parallelism.", source="job-details")
def vertex_tasks_are_its_subtasks(job: Value) -> Relations:
    for vertex in job["vertices"]:
        tasks = total([each for _, each in vertex["tasks"].items()], "sum of tasks")
        if tasks.raw:  # a job that waits for slots has a graph without executions
            yield from equal(vertex["parallelism"], tasks)


@within("getJobDetails", text="The status of a vertex follows from the states of its tasks.", source="vertex-status")
def vertex_status_of_tasks(job: Value) -> Relations:
    for vertex in job["vertices"]:
        tasks = {state: each.raw for state, each in vertex["tasks"].items()}
        if vertex["status"].exists and tasks and all(isinstance(number, int) for number in tasks.values()):
            expected = aggregate_status(tasks)
            present = [each for _, each in vertex["tasks"].items() if each.raw]
            text = f"a vertex with these tasks is {expected}"
            yield from true(vertex["status"].raw == expected, text, vertex["status"], *present, exact=True)


def aggregate_status(tasks: dict[str, int]) -> str:
    """Return the status of a vertex by the number of tasks in each state (`ExecutionJobVertex`)."""
    for state in ("FAILED", "CANCELING", "CANCELED", "INITIALIZING", "RUNNING"):
        if tasks.get(state):
            return state
    if tasks.get("FINISHED"):
        return "FINISHED" if tasks["FINISHED"] == sum(tasks.values()) else "RUNNING"
    return "CREATED"


@within(
    "getJobDetails",
    text="The duration of a vertex is end-time - start-time, or now - start-time, and -1 before it starts.",
    source=_RULES,
)
def vertex_duration(job: Value) -> Relations:
    for vertex in job["vertices"]:
        start, end = vertex["start-time"], vertex["end-time"]
        if start.raw == -1:
            yield from true(vertex["duration"].raw == -1, "a duration without a start", vertex["duration"], start)
        else:
            yield from equal(vertex["duration"], (job["now"] if end.raw == -1 else end) - start)


@within("getJobDetails", text="A vertex has an end-time as soon as all its tasks have ended.", source=_RULES)
def vertex_ends_with_its_tasks(job: Value) -> Relations:
    for vertex in job["vertices"]:
        states = {state: each.raw for state, each in vertex["tasks"].items()}
        if not states or not sum(states.values()):
            continue
        ended = all(state in TERMINAL for state, number in states.items() if number)
        if ended and vertex["start-time"].raw != -1:
            text = "all tasks have ended, the vertex has not"
            yield from true(vertex["end-time"].raw != -1, text, vertex["end-time"], vertex["tasks"])
        elif not ended:
            text = "the vertex has ended, some of its tasks have not"
            yield from true(vertex["end-time"].raw == -1, text, vertex["end-time"], vertex["tasks"])


@within(
    "getJobDetails",
    text="A vertex with a task that is DEPLOYING, INITIALIZING, RUNNING or FINISHED has a start-time.",
    source=_RULES,
)
def vertex_has_started(job: Value) -> Relations:
    for vertex in job["vertices"]:
        deployed = [vertex["tasks"][state] for state in (*sorted(ALIVE_TASKS), "FINISHED")]
        active = [each for each in deployed if each.raw]
        if active:
            text = "tasks are deployed, the vertex has no start-time"
            yield from true(vertex["start-time"].raw != -1, text, vertex["start-time"], *active)


@within(
    "getJobDetails",
    text="A vertex starts after its job was created and ends before its job ends.",
    source=_RULES,
)
def vertex_runs_within_its_job(job: Value) -> Relations:
    for vertex in job["vertices"]:
        start, end = vertex["start-time"], vertex["end-time"]
        if start.raw != -1:
            yield from ascending(job["start-time"], start, *([end] if end.raw != -1 else []), job["now"])
            if job["end-time"].raw != -1:
                yield from ascending(start, job["end-time"])
        if end.raw != -1 and job["end-time"].raw != -1:
            yield from ascending(end, job["end-time"])


@within("getJobDetails", text="The parallelism of a vertex is at most its maxParallelism.", source="job-details")
def vertex_max_parallelism(job: Value) -> Relations:
    for vertex in job["vertices"]:
        if isinstance(vertex["maxParallelism"].raw, int) and vertex["maxParallelism"].raw > 0:
            yield from ascending(vertex["parallelism"], vertex["maxParallelism"])


@within("getJobDetails", text="The tasks of a job are in states that its own state allows.", source="job-states")
def vertex_states_fit_the_job(job: Value) -> Relations:
    allowed = TASK_STATES_OF.get(str(job["state"].raw))
    for vertex in job["vertices"]:
        for state, number in vertex["tasks"].items():
            if allowed is not None and number.raw:
                yield from true(state in allowed, f"the job has tasks that are {state}", job["state"], number)


TASK_STATES_OF: dict[str, frozenset[str]] = {
    "CREATED": frozenset({"CREATED"}),
    "FINISHED": frozenset({"FINISHED"}),
    "FAILED": frozenset({"CANCELED", "FAILED", "FINISHED"}),
    "CANCELED": frozenset({"CANCELED", "FAILED", "FINISHED"}),
}
"""Job state -> the states that tasks may be in. While tasks are cancelled and restarted they may be in any state."""


@within("getJobDetails", text="Counters of records, bytes and times are not negative.", source="json-conventions")
def vertex_metrics_are_counts(job: Value) -> Relations:
    for vertex in job["vertices"]:
        for name, value in vertex["metrics"].items():
            if not isinstance(value.raw, bool):
                yield from ascending(constant(0, "0"), computed(value.raw, name, value))


@within(
    "getJobDetails",
    text="The vertices of a job are in topological order: each comes after its inputs.",
    source=_RULES,
)
def vertices_are_sorted(job: Value) -> Relations:
    order = {vertex["id"].raw: number for number, vertex in enumerate(job["vertices"])}
    for node in job["plan"]["nodes"]:
        for edge in node["inputs"]:
            if edge["id"].raw in order and node["id"].raw in order:
                sorted_ = order[edge["id"].raw] < order[node["id"].raw]
                yield from true(sorted_, "a vertex is listed before its input", job["vertices"], node["id"], edge["id"])


@within(
    "getJobDetails",
    text="A vertex of a job that FINISHED without restart has read the records that its inputs have written.",
    source=_RULES,
)
def records_arrive(job: Value) -> Relations:
    if job["state"].raw != "FINISHED" or job["timestamps"]["RESTARTING"].raw:
        return
    rows = {vertex["id"].raw: vertex["metrics"] for vertex in job["vertices"]}
    edges = [edge for node in job["plan"]["nodes"] for edge in node["inputs"]]
    readers = Counter(edge["id"].raw for edge in edges)
    for node in job["plan"]["nodes"]:
        inputs = list(node["inputs"])
        plain = all(readers[edge["id"].raw] == 1 and edge["ship_strategy"].raw != "BROADCAST" for edge in inputs)
        if not inputs or not plain or node["id"].raw not in rows:
            continue  # a record for several readers is written once, or several times
        known = [rows[edge["id"].raw] for edge in inputs if edge["id"].raw in rows]
        read = rows[node["id"].raw]
        if all(each["write-records-complete"].raw is True for each in known) and read["read-records-complete"].raw:
            yield from equal(read["read-records"], total([each["write-records"] for each in known], "written"))


@within(
    "getJobDetails",
    text="The nodes of the plan are the vertices of the job, with their parallelism.",
    source="job-details",
)
def plan_has_the_vertices(job: Value) -> Relations:
    nodes = job["plan"]["nodes"]
    if not nodes.raw:
        return
    vertices = {vertex["id"].raw: vertex for vertex in job["vertices"]}
    ids = {node["id"].raw: node for node in nodes}
    for vertex_id, vertex in vertices.items():
        yield from true(vertex_id in ids, "a vertex is not in the plan", vertex["id"], nodes, exact=True)
    for node_id, node in ids.items():
        yield from true(node_id in vertices, "a node of the plan is no vertex", node["id"], job["vertices"], exact=True)
        if node_id in vertices and isinstance(node["parallelism"].raw, int) and node["parallelism"].raw > 0:
            # the adaptive batch scheduler decides late
            yield from equal(node["parallelism"], vertices[node_id]["parallelism"])


@within("getJobDetails", text="The plan of a job has its id, name and type.", source="job-details")
def plan_is_of_the_job(job: Value) -> Relations:
    plan = job["plan"]
    if plan["nodes"].raw:
        yield from equal(plan["jid"], job["jid"])
        yield from equal(plan["name"], job["name"])
        yield from equal(plan["type"], job["job-type"])


@within(
    "getJobDetails",
    "getJobPlan",
    "generatePlanFromJar",
    "generatePlanFromJarGet",
    text="The inputs of a plan's nodes are other nodes, numbered from 0.",
    source="jar-plan",
)
def plan_is_a_graph(body: Value) -> Relations:
    nodes = body["plan"]["nodes"]
    ids = {node["id"].raw for node in nodes}
    yield from unique(nodes, "id")
    for node in nodes:
        yield from counting_up(node["inputs"], "num")
        for edge in node["inputs"]:
            inner = edge["id"].raw in ids and edge["id"].raw != node["id"].raw
            yield from true(inner, "an input is no other node", edge["id"], exact=True)


@within(
    "getJobDetails",
    "getJobPlan",
    "generatePlanFromJar",
    "generatePlanFromJarGet",
    text="A plan lists nodes in a topological order or its reverse.",
    source=_RULES,
)
def plan_is_sorted(body: Value) -> Relations:
    nodes = body["plan"]["nodes"]
    order = {node["id"].raw: number for number, node in enumerate(nodes)}
    edges = [
        (order[edge["id"].raw] < number, edge)
        for number, node in enumerate(nodes)
        for edge in node["inputs"]
        if edge["id"].raw in order
    ]
    if edges:
        same = len({before for before, _ in edges}) == 1
        yield from true(same, "some inputs come before their node, others after it", nodes)


@within("getJobsOverview", "getJobIdsWithStatusesOverview", text="Each job is listed once.", source="job-lists")
def jobs_are_listed_once(body: Value) -> Relations:
    yield from unique(body["jobs"], "jid" if body["jobs"][0]["jid"].exists else "id")


@within("getJobsOverview", text="The newest job comes first.", source="job-lists", since="2.3")
def jobs_newest_first(body: Value) -> Relations:
    yield from descending_rows(body["jobs"], "start-time")


@within(
    "getJobsOverview",
    "getApplicationDetails",
    text="The tasks of a listed job add up to their total.",
    source="job-lists",
)
def listed_tasks_add_up(body: Value) -> Relations:
    for job in body["jobs"]:
        parts = [each for state, each in job["tasks"].items() if state != "total"]
        yield from equal(job["tasks"]["total"], total(parts, "sum of the states"))


@within(
    "getJobsOverview",
    "getApplicationDetails",
    text="A listed job that has ended has the duration end-time - start-time; any other has the end-time -1.",
    source=_RULES,
)
def listed_times(body: Value) -> Relations:
    for job in body["jobs"]:
        if job["state"].is_in(TERMINAL):
            yield from equal(job["duration"], job["end-time"] - job["start-time"])
            yield from equal(job["end-time"], job["last-modification"])
        elif job["state"].exists and job["state"].raw != "SUSPENDED":
            yield from true(job["end-time"].raw == -1, "it has not ended", job["end-time"], job["state"], exact=True)
            changed = job["last-modification"]
            if changed.raw:  # 0 while INITIALIZING
                yield from ascending(job["start-time"], changed, job["start-time"] + job["duration"])
        yield from ascending(constant(0, "0"), job["duration"])


@within(
    "getJobsOverview",
    "getApplicationDetails",
    text="All tasks of a job that has ended have ended.",
    source="job-states",
)
def listed_tasks_have_ended(body: Value) -> Relations:
    for job in body["jobs"]:
        allowed = TASK_STATES_OF.get(str(job["state"].raw))
        for state, number in job["tasks"].items():
            if allowed is not None and number.raw and state != "total":
                yield from true(state.upper() in allowed, f"tasks are {state}", job["state"], number)


@between("job", text="All responses agree on the state of a job.", source=_RULES)
def job_state(view: View, job_id: str) -> Relations:
    listed = row_with(view.body("getJobIdsWithStatusesOverview")["jobs"], "id", job_id)
    yield from equal(
        listed["status"],
        *(row["state"] for row in jobs_of(view, job_id)),
        view.body("getJobStatusInfo", jobid=job_id)["status"],
        view.body("getJobDetails", jobid=job_id)["state"],
    )


@between("job", text="All responses agree on the name of a job.", source="job-details")
def job_name(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    yield from equal(
        *(row["name"] for row in jobs_of(view, job_id)),
        details["name"],
        view.body("getJobConfig", jobid=job_id)["name"],
        _of_plan(view.body("getJobPlan", jobid=job_id)["plan"], "name"),
        view.body("getJobExecutionResult", jobid=job_id)["job-execution-result"]["name"],
    )


def _of_plan(plan: Value, key: str) -> Value:
    return plan[key] if plan["nodes"].raw else Value(MISSING)


@between("job", text="All responses agree on the id of a job.", source="job-details")
def job_id(view: View, job_id: str) -> Relations:
    yield from equal(
        view.body("getJobDetails", jobid=job_id)["jid"],
        view.body("getJobConfig", jobid=job_id)["jid"],
        _of_plan(view.body("getJobPlan", jobid=job_id)["plan"], "jid"),
        view.body("getJobExecutionResult", jobid=job_id)["job-execution-result"]["id"],
    )


@between("job", text="All responses agree on when a job started and ended.", source=_RULES)
def job_times(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    result = view.body("getJobExecutionResult", jobid=job_id)["job-execution-result"]
    for key in ("start-time", "end-time"):
        yield from equal(*(row[key] for row in jobs_of(view, job_id)), details[key], result[key])
    if details["end-time"].raw != -1:
        yield from equal(*(row["duration"] for row in jobs_of(view, job_id)), details["duration"])


@between("job", text="All responses agree on the type and the scheduler of a job.", source="job-lists")
def job_type(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    rows = list(jobs_of(view, job_id))
    plan_type = _of_plan(view.body("getJobPlan", jobid=job_id)["plan"], "type")
    yield from equal(*(row["jobType"] for row in rows), details["job-type"], plan_type)
    yield from equal(*(row["schedulerType"] for row in rows), details["schedulerType"])
    yield from equal(*(row["pending-operators"] for row in rows), details["pending-operators"])


@between("job", text="The lists of jobs count the tasks of a job's vertices by their states.", source="job-lists")
def job_tasks(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    rows = list(jobs_of(view, job_id))
    for state, _ in next(iter(rows))["tasks"].items() if rows else ():
        parts = [vertex["tasks"][state.upper()] for vertex in details["vertices"]]
        known = parts and all(part.exists for part in parts)
        vertices = total(parts, f"sum of the vertices' {state}") if known else Value(MISSING)
        if state == "total":
            parts = [vertex["parallelism"] for vertex in details["vertices"]]
            waits = details["state"].raw == "CREATED"  # such a job may have a graph without executions
            vertices = total(parts, "sum of parallelisms") if parts and not waits else Value(MISSING)
        yield from equal(*(row["tasks"][state] for row in rows), vertices)


@between(
    "job",
    text="last-modification is the latest time at which a task entered its state, or the end of the job.",
    source=_RULES,
)
def job_last_modification(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    rows = list(jobs_of(view, job_id))
    changed = [row["last-modification"] for row in rows]
    entered = []
    for vertex in details["vertices"]:
        ids = {"jobid": job_id, "vertexid": str(vertex["id"].raw)}
        statuses = view.body("getJobVertexDetails", **ids)["subtasks"]
        times = view.body("getSubtasksTimes", **ids)["subtasks"]
        if not statuses.raw or not times.raw or len(statuses.raw) != len(times.raw):
            yield from equal(*changed)  # not all vertices were read
            return
        entered += [
            timed["timestamps"][str(subtask["status"].raw)] for subtask, timed in zip(statuses, times, strict=True)
        ]
    if details["end-time"].raw != -1:
        entered.append(details["end-time"])
    yield from equal(*changed, highest(entered, "the latest time of a task's state"))


@between("job", text="/plan returns the plan of the details.", source=_RULES)
def job_plan(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)["plan"]
    plan = view.body("getJobPlan", jobid=job_id)["plan"]
    if plan["nodes"].raw and details["nodes"].raw:
        yield from same_fields(plan, details)


@between("job", text="execution-result is COMPLETED as soon as the job has ended.", source=_RULES)
def job_result_status(view: View, job_id: str) -> Relations:
    status = view.body("getJobExecutionResult", jobid=job_id)["status"]["id"]
    for row in jobs_of(view, job_id):
        if row["state"].exists and status.exists:
            ended = row["state"].raw in TERMINAL
            text = "COMPLETED means that the job has ended"
            yield from true((status.raw == "COMPLETED") == ended, text, status, row["state"], exact=True)


@between("job", text="The execution result has the state and the duration of the job.", source="execution-result")
def job_result(view: View, job_id: str) -> Relations:
    result = view.body("getJobExecutionResult", jobid=job_id)["job-execution-result"]
    row = row_with(view.body("getJobsOverview")["jobs"], "jid", job_id)
    if not row["state"].is_in(TERMINAL) or not result.raw:
        return
    expected = "SUCCEEDED" if row["state"].raw == "FINISHED" else row["state"].raw
    status = result["application-status"]
    yield from true(status.raw == expected, f"the job is {row['state'].raw}", status, row["state"], exact=True)
    yield from equal(result["net-runtime"], row["duration"], row["end-time"] - row["start-time"])
    if row["state"].raw == "FINISHED":
        yield from true(not result["failure-cause"].raw, "a job that FINISHED has a failure", result, row["state"])
    if row["state"].raw == "FAILED":
        yield from true(bool(result["failure-cause"].raw), "a job that FAILED has no failure", result, row["state"])


@within("getJobExecutionResult", text="The result's times and its failure agree with each other.", source=_RULES)
def result_is_coherent(body: Value) -> Relations:
    result = body["job-execution-result"]
    if not result.exists or not result.raw:
        if body["status"]["id"].exists:
            text = "COMPLETED without a result"
            yield from true(body["status"]["id"].raw != "COMPLETED", text, body["status"]["id"], exact=True)
        return
    yield from one_of(body["status"]["id"], ["COMPLETED"], "there is a result", result["id"])
    yield from equal(result["net-runtime"], result["end-time"] - result["start-time"])
    status, cause = result["application-status"], result["failure-cause"]
    if cause.raw:
        yield from one_of(status, ["FAILED", "CANCELED", "UNKNOWN"], "there is a failure", cause["class"])
        name, trace = cause["class"], cause["stack-trace"]
        if isinstance(name.raw, str) and isinstance(trace.raw, str):
            yield from true(trace.raw.startswith(name.raw), "the stack trace is of another class", name, trace)
            serialized = cause["serialized-throwable"]
            if isinstance(serialized.raw, str):
                named = name.raw.encode() in _decoded(serialized.raw)
                yield from true(named, "the serialized exception is of another class", serialized, name)
    elif status.exists:
        yield from true(status.raw != "FAILED", "FAILED without a failure", status)


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""


@between("job", text="The failure in the result of a FAILED job is the newest in its history.", source="exceptions")
def job_failure(view: View, job_id: str) -> Relations:
    cause = view.body("getJobExecutionResult", jobid=job_id)["job-execution-result"]["failure-cause"]
    details = view.body("getJobDetails", jobid=job_id)
    exceptions = view.body("getJobExceptions", jobid=job_id)
    newest = exceptions["exceptionHistory"]["entries"][0]
    if details["state"].raw == "FAILED" and newest.raw and cause.raw:
        yield from equal(cause["class"], newest["exceptionName"])
        yield from equal(cause["stack-trace"], newest["stacktrace"])


@between(
    "job",
    text="numRestarts of a running job is the highest attempt of its subtasks.",
    source=_RULES,
    settles_in_ms=METRICS,
)
def job_restarts(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    if details["state"].raw != "RUNNING" or details["schedulerType"].raw not in (MISSING, "Default"):
        return
    attempts = []
    for vertex in details["vertices"]:
        subtasks = view.body("getJobVertexDetails", jobid=job_id, vertexid=str(vertex["id"].raw))["subtasks"]
        attempts += [subtask["attempt"] for subtask in subtasks]
        if not subtasks.raw:
            return
    restarts = view.metrics("getJobMetrics", jobid=job_id).get("numRestarts", Value(MISSING))
    yield from equal(restarts, highest(attempts, "the highest attempt"))


@between(
    "job",
    text="uptime and runningTime of a running job are the time since it became RUNNING.",
    source="metrics",
    settles_in_ms=METRICS,
)
def job_uptime(view: View, job_id: str) -> Relations:
    details = view.body("getJobDetails", jobid=job_id)
    metrics = view.metrics("getJobMetrics", jobid=job_id)
    running = details["timestamps"]["RUNNING"]
    if details["state"].raw == "RUNNING" and not details["timestamps"]["RESTARTING"].raw and "uptime" in metrics:
        uptime = metrics["uptime"]
        yield from close(uptime, details["now"] - running, 60_000)
        if "runningTime" in metrics:
            yield from close(uptime, metrics["runningTime"], 5_000)
        for name in ("restartingTime", "downtime", "failingTime", "cancellingTime"):
            if name in metrics:
                yield from true(metrics[name].raw <= 0, "the job runs and never failed", metrics[name], exact=True)
