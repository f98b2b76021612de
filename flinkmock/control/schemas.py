"""The JSON schemas of the control API."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def obj(properties: dict[str, Schema], *, required: tuple[str, ...] | None = None, closed: bool = True) -> Schema:
    """Return the schema of an object. `required` None: all properties are required."""
    names = tuple(properties) if required is None else required
    schema: Schema = {"type": "object", "properties": properties}
    if names:
        schema["required"] = list(names)
    if closed:
        schema["additionalProperties"] = False
    return schema


def array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def nullable(schema: Schema) -> Schema:
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


TEXT: Schema = {"type": "string"}
NAME: Schema = {"type": "string", "minLength": 1}
INTEGER: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer", "minimum": 0}
BOOLEAN: Schema = {"type": "boolean"}
ANY: Schema = {}
TIME: Schema = {"type": "integer", "description": "Cluster time in ms since the epoch."}
DURATION: Schema = {
    "type": "string",
    "description": "A duration with a unit: 500ms, 3s, 2m30s, 1h.",
    "examples": ["5m", "500ms", "2m30s"],
}
WALL_DURATION: Schema = {**DURATION, "description": "A duration of the wall clock, at most 1h: 500ms, 3s, 2m30s."}
STATE: Schema = {"type": "string", "description": "A job state of Flink.", "examples": ["RUNNING", "FINISHED"]}
TIMES: Schema = {
    "type": ["integer", "string"],
    "description": 'How often: 2, "once", "never", "1..10 times", "1.. times".',
}
EXCEPTION: Schema = obj(
    {
        "class": {"type": "string", "minLength": 1, "examples": ["java.io.IOException"]},
        "message": TEXT,
        "cause": ref("Exception"),
        "stack-trace": array(TEXT),
    },
    required=("class",),
)
MATCH: dict[str, Schema] = {
    "match": {
        "type": "string",
        "minLength": 1,
        "description": "Method and path.",
        "examples": ["POST /jobs/:jobid/savepoints"],
    },
    "body": {"description": "What the JSON body of the request has to contain. Text may have `*` as a wildcard."},
    "query": {"type": "object", "description": "Query parameters and their values."},
    "status": {"type": "integer", "description": "The status of the response."},
}
EXCHANGE: Schema = obj(
    {
        "number": COUNT,
        "time": TIME,
        "wall-time": {"type": "integer", "description": "Wall clock when the request arrived, in ms since the epoch."},
        "method": TEXT,
        "target": TEXT,
        "operation": nullable(TEXT),
        "parameters": {"type": "object"},
        "query": {"type": "object"},
        "body": ANY,
        "files": array(TEXT),
        "job": nullable(TEXT),
        "status": {"type": "integer", "description": "0: there was no response."},
        "fault": nullable(TEXT),
        "rejection": nullable(TEXT),
        "advice": array(TEXT),
        "ignored": array(TEXT),
    },
    closed=False,
)
COMPONENTS: dict[str, Schema] = {
    "Error": obj(
        {
            "error": obj(
                {
                    "type": {"type": "string", "description": "The name of the error, such as NotFound."},
                    "message": TEXT,
                    "details": array(
                        obj(
                            {
                                "message": TEXT,
                                "path": {"type": "string", "description": "Where in the body or scenario."},
                                "file": TEXT,
                                "line": {"type": "integer", "description": "From 1."},
                                "column": {"type": "integer", "description": "From 1."},
                            },
                            required=("message",),
                        )
                    ),
                },
                required=("type", "message"),
            )
        }
    ),
    "Clock": obj(
        {
            "now": TIME,
            "mode": {"type": "string", "examples": ["virtual", "real", "10x", "1s per request"]},
            "started-at": {**TIME, "description": "When the scenario began, in ms since the epoch."},
            "next-event-at": {**nullable(TIME), "description": "When the next event happens; null: none is scheduled."},
        }
    ),
    "Job": obj(
        {
            "id": TEXT,
            "name": TEXT,
            "state": TEXT,
            "submitted-at": TIME,
            "ended-at": nullable(TIME),
            "vertices": array(obj({"id": TEXT, "name": TEXT, "parallelism": INTEGER})),
            "restarts": COUNT,
            "restored-from": nullable(TEXT),
            "completed-checkpoints": {**COUNT, "description": "Without savepoints."},
            "latest-checkpoint": {"anyOf": [ref("Checkpoint"), {"type": "null"}]},
            "savepoints": {**array(ref("Checkpoint")), "description": "The completed ones, oldest first."},
        }
    ),
    "Checkpoint": obj({"id": INTEGER, "path": nullable(TEXT), "completed-at": TIME}),
    "Exception": EXCEPTION,
    "Fault": obj(
        {
            "name": TEXT,
            "hits": COUNT,
            "definition": {
                **nullable({"type": "object"}),
                "description": "The fault in the language of scenarios; null: it was made in Python.",
            },
        }
    ),
    "Exchange": EXCHANGE,
    "Requests": obj({"requests": array(ref("Exchange")), "count": COUNT, "dropped": COUNT}),
    "Cluster": obj(
        {
            "id": TEXT,
            "url": {"type": "string", "description": "Where Flink's REST API of the cluster is."},
            "urls": {**array(TEXT), "description": "One for each JobManager."},
            "control-url": {"type": "string", "description": "Where the control API of the cluster is."},
            "flink": TEXT,
            "idle-timeout": {**nullable(INTEGER), "description": "In ms; null: the cluster does not end by itself."},
        }
    ),
    "Snapshot": obj({"id": TEXT, "at": TIME}),
}
