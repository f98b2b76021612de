"""The JSON schemas of the control API."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def obj(properties: dict[str, Schema], *, required: tuple[str, ...] | None = None, closed: bool = True) -> Schema:
    """Return the schema of an object.

    Args:
        required: The names of the required properties; None: all of them.
        closed: Whether the object has no other properties.
    """
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
NON_EMPTY_TEXT: Schema = {"type": "string", "minLength": 1}
INTEGER: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer", "minimum": 0}
BOOLEAN: Schema = {"type": "boolean"}
ANY: Schema = {}
TIME: Schema = {"type": "integer", "description": "The cluster time in ms since the epoch."}
DURATION: Schema = {
    "type": "string",
    "description": "A duration with a unit: 500ms, 3s, 2m30s, 1h.",
    "examples": ["5m", "500ms", "2m30s"],
}
WALL_DURATION: Schema = {**DURATION, "description": "A wall-clock duration, at most 1h: 500ms, 3s, 2m30s."}
STATE: Schema = {"type": "string", "description": "A job state of Flink.", "examples": ["RUNNING", "FINISHED"]}
COUNT_RANGE: Schema = {
    "type": ["integer", "string"],
    "description": 'The number of times: 2, "once", "never", "1..10 times", "1.. times".',
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
MATCH_PROPERTIES: dict[str, Schema] = {
    "match": {
        "type": "string",
        "minLength": 1,
        "description": "The method and path.",
        "examples": ["POST /jobs/:jobid/savepoints"],
    },
    "body": {"description": "The JSON that the body of the request has to contain. Strings may have the wildcard `*`."},
    "query": {"type": "object", "description": "The query parameters and their values."},
    "status": {"type": "integer", "description": "The status of the response."},
}
EXCHANGE: Schema = obj(
    {
        "number": COUNT,
        "time": {**TIME, "description": "The cluster time at which the request arrived, in ms since the epoch."},
        "wall-time": {
            "type": "integer",
            "description": "The wall-clock time at which the request arrived, in ms since the epoch.",
        },
        "method": TEXT,
        "target": TEXT,
        "operation": nullable(TEXT),
        "parameters": {"type": "object"},
        "query": {"type": "object"},
        "body": ANY,
        "files": array(TEXT),
        "job": nullable(TEXT),
        "status": {"type": "integer", "description": "The status of the response; 0 if there was no response."},
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
                                "path": {"type": "string", "description": "The location in the body or scenario."},
                                "file": TEXT,
                                "line": {"type": "integer", "description": "The line number, from 1."},
                                "column": {"type": "integer", "description": "The column number, from 1."},
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
            "started-at": {
                **TIME,
                "description": "The cluster time at which the scenario began, in ms since the epoch.",
            },
            "next-event-at": {
                **nullable(TIME),
                "description": "The cluster time of the next event, in ms since the epoch; null if none is scheduled.",
            },
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
            "completed-checkpoints": {
                **COUNT,
                "description": "The number of completed checkpoints, without savepoints.",
            },
            "latest-checkpoint": {"anyOf": [ref("Checkpoint"), {"type": "null"}]},
            "savepoints": {**array(ref("Checkpoint")), "description": "The completed savepoints, oldest first."},
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
                "description": "The fault as in a scenario; null if it was created in Python.",
            },
        }
    ),
    "Exchange": EXCHANGE,
    "Requests": obj({"requests": array(ref("Exchange")), "count": COUNT, "dropped": COUNT}),
    "Cluster": obj(
        {
            "id": TEXT,
            "url": {"type": "string", "description": "The URL of Flink's REST API."},
            "urls": {**array(TEXT), "description": "The URL of Flink's REST API on each JobManager."},
            "control-url": {"type": "string", "description": "The URL of the control API of the cluster."},
            "flink": TEXT,
            "idle-timeout": {
                **nullable(INTEGER),
                "description": "The wall-clock time without a request after which the cluster is deleted, in ms; "
                "null: never.",
            },
        }
    ),
    "Snapshot": obj({"id": TEXT, "at": TIME}),
}
