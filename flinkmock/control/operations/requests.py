"""Operations on the journal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from flinkmock.control.operation import ControlCall, ControlResponse, QueryParameter, operation
from flinkmock.control.rejection import RequestRejected, encode
from flinkmock.control.schemas import (
    BOOLEAN,
    COUNT,
    COUNT_RANGE,
    EXCHANGE,
    INTEGER,
    MATCH_PROPERTIES,
    NON_EMPTY_TEXT,
    TEXT,
    WALL_DURATION,
    array,
    nullable,
    obj,
    ref,
)
from flinkmock.control.waiting import parse_wall_duration
from flinkmock.errors import NotFound
from flinkmock.journal import Exchange, RequestMatcher, as_har
from flinkmock.journal.export import as_json

_REQUESTS = ref("Requests")


def _requests_json(call: ControlCall, exchanges: Sequence[Exchange], limit: int | None = None) -> dict[str, Any]:
    selected = exchanges if limit is None else exchanges[max(len(exchanges) - limit, 0) :]
    return {
        "requests": [as_json(exchange) for exchange in selected],
        "count": len(exchanges),
        "dropped": call.control.requests.dropped,
    }


@operation(
    "GET",
    "/requests",
    summary="Query the journal.",
    query=(
        QueryParameter("match", NON_EMPTY_TEXT, "The method and path: `POST /jobs/:jobid/savepoints`."),
        QueryParameter(
            "body", NON_EMPTY_TEXT, "The JSON that the body of the request has to contain. It requires `match`."
        ),
        QueryParameter("status", INTEGER, "The status of the response."),
        QueryParameter("job", NON_EMPTY_TEXT, "The name or id of the job that the request is about."),
        QueryParameter(
            "unmatched",
            BOOLEAN,
            "Whether to return only requests that match no operation of the cluster, and no page of the dashboard.",
            False,
        ),
        QueryParameter(
            "unexpected",
            BOOLEAN,
            "Whether to return only requests that match no operation of the cluster and no page of the dashboard, that "
            "no test expected, and to which no fault applied.",
            False,
        ),
        QueryParameter("limit", COUNT, "The maximum number of requests. The newest are returned."),
    ),
    returns=_REQUESTS,
    python_equivalents=(
        "ClusterControl.requests",
        "Journal.exchanges",
        "Journal.matching",
        "Journal.count",
        "Journal.unmatched",
        "Journal.unexpected",
        "Journal.dropped",
    ),
)
def list_requests(call: ControlCall) -> Any:
    """`count` is the number of requests that match, regardless of `limit`. `dropped` is the number of old requests
    that the journal no longer has."""
    query, journal = call.query, call.control.requests
    exchanges: Sequence[Exchange] = journal.unexpected if query["unexpected"] else journal.exchanges()
    if query["unmatched"]:
        exchanges = [exchange for exchange in exchanges if not exchange.matched]
    if query["job"] is not None:
        exchanges = [exchange for exchange in exchanges if query["job"] in (exchange.job, exchange.job_id)]
    if query["match"] is None and query["body"] is not None:
        raise RequestRejected(400, "InvalidRequest", "Query parameter body needs the parameter match.")
    if query["match"] is not None:
        matcher = RequestMatcher.parse(query["match"], _parse_json_parameter(query["body"]))
        exchanges = [exchange for exchange in exchanges if not matcher.mismatches(exchange)]
    if query["status"] is not None:
        exchanges = [exchange for exchange in exchanges if exchange.status == query["status"]]
    return _requests_json(call, exchanges, query["limit"])


@operation(
    "GET",
    "/requests/{number}",
    summary="Get one request with its headers.",
    returns={
        **EXCHANGE,
        "properties": {
            **EXCHANGE["properties"],
            "headers": {
                **array(obj({"name": TEXT, "value": TEXT})),
                "description": "The headers of the request, in order.",
            },
            "content-type": {**nullable(TEXT), "description": "The content type of the response."},
            "response-size": {**COUNT, "description": "The size of the response body in bytes."},
            "duration-us": {
                **COUNT,
                "description": "The time in microseconds until the response was ready, without delays.",
            },
            "error-message": {
                **nullable(TEXT),
                "description": "The line of an error response that names the mistake or exception, or the status if no "
                "line does; null if the response is not an error.",
            },
        },
    },
    errors=(404,),
    python_equivalents=("Journal.exchanges",),
)
def get_request(call: ControlCall) -> Any:
    """`number` is the number of the request in `GET /requests`. The status is 404 if the journal does not have it."""
    number = call.path_parameters["number"]
    exchange = next((request for request in call.control.requests if str(request.number) == number), None)
    if exchange is None:
        raise NotFound(f'The journal has no request "{number}". GET /requests lists all numbers.')
    return {
        **as_json(exchange),
        "headers": [{"name": name, "value": value} for name, value in exchange.headers],
        "content-type": exchange.content_type,
        "response-size": exchange.response_size,
        "duration-us": exchange.duration_us,
        "error-message": exchange.error_message,
    }


@operation("DELETE", "/requests", summary="Clear the journal.", python_equivalents=("Journal.clear",))
def clear_requests(call: ControlCall) -> Any:
    """The numbers of requests start again at 1."""
    call.control.requests.clear()


@operation("GET", "/requests/har", summary="Get the journal as HAR 1.2.", returns={"type": "object"})
def export_requests(call: ControlCall) -> Any:
    """The developer tools of browsers and `flinkmock compat` read this format."""
    return ControlResponse(200, encode(as_har(call.control.requests, call.host.urls[0] if call.host.urls else "")))


@operation(
    "POST",
    "/requests/wait",
    summary="Wait until requests have been sent.",
    body=obj(
        {**MATCH_PROPERTIES, "times": {**COUNT, "default": 1}, "timeout": {**WALL_DURATION, "default": "5s"}},
        required=("match",),
    ),
    returns=_REQUESTS,
    errors=(409,),
    python_equivalents=("Journal.wait_for", "Journal.matching_if_enough", "Journal.timeout_error"),
)
async def wait_for_requests(call: ControlCall) -> Any:
    """The response is sent at once if the journal already has these requests. The status is 409 if they are not sent
    before the timeout expires; the message then shows near misses."""
    body, journal = call.body, call.control.requests
    timeout = parse_wall_duration(body.get("timeout", "5s"))
    matcher, times = _matcher(body), body.get("times", 1)
    exchanges = await call.host.wait_for(lambda: journal.matching_if_enough(matcher, times), timeout)
    if exchanges is None:
        raise journal.timeout_error(matcher, times, timeout)
    return _requests_json(call, exchanges)


@operation(
    "POST",
    "/requests/expect",
    summary="Check how often requests were sent.",
    body=obj({**MATCH_PROPERTIES, "times": {**COUNT_RANGE, "default": "1.. times"}}, required=("match",)),
    returns=_REQUESTS,
    errors=(409,),
    python_equivalents=("Journal.expect",),
)
def expect_requests(call: ControlCall) -> Any:
    """The status is 409 if a different number of requests was sent. The message then lists the matching requests and,
    if there are too few, near misses and why they don't match."""
    matcher = _matcher(call.body)
    return _requests_json(call, call.control.requests.expect(matcher, times=call.body.get("times", "1.. times")))


@operation(
    "POST",
    "/requests/expect-in-order",
    summary="Check that requests were sent in this order.",
    body=obj({"matches": array(NON_EMPTY_TEXT)}),
    errors=(409,),
    python_equivalents=("Journal.expect_in_order",),
)
def expect_requests_in_order(call: ControlCall) -> Any:
    """There may be other requests between them."""
    call.control.requests.expect_in_order(*call.body["matches"])


@operation(
    "GET",
    "/expectations",
    summary="Check the expectations of the scenario.",
    returns=obj(
        {
            "met": BOOLEAN,
            "expectations": array(
                obj(
                    {
                        "expectation": TEXT,
                        "met": BOOLEAN,
                        "message": {"type": ["string", "null"], "description": "The reason why it is not met."},
                        "source": {"type": "string", "description": "The file, line and column in the scenario."},
                    }
                )
            ),
        }
    ),
    python_equivalents=("ClusterControl.expectations", "ClusterControl.verify", "Journal.check"),
)
def get_expectations(call: ControlCall) -> Any:
    """The response shows the current state: an expectation that is not met yet can be met later."""
    results = call.control.expectations
    return {
        "met": all(result.unmet is None for result in results),
        "expectations": [
            {
                "expectation": result.expectation,
                "met": result.unmet is None,
                "message": result.unmet,
                "source": result.source,
            }
            for result in results
        ],
    }


@operation(
    "GET",
    "/findings",
    summary=(
        "List faults that never applied, expectations that no request can match, and parts of requests that the "
        "release ignores."
    ),
    returns=obj({"unused": array(TEXT), "ignored": array(TEXT)}),
    python_equivalents=("ClusterControl.findings",),
)
def get_findings(call: ControlCall) -> Any:
    """The response shows the current state. `unused` has the faults that applied to no request, the paths in faults at
    which no response had a value, and the expectations that no request can match. `ignored` has the fields and query
    parameters of requests that the served release does not read."""
    findings = call.control.findings
    return {"unused": list(findings.unused), "ignored": list(findings.ignored)}


def _matcher(body: dict[str, Any]) -> RequestMatcher:
    """Return the matcher in a body. Raises InvalidArgument."""
    return RequestMatcher.parse(body["match"], body.get("body"), body.get("query"), body.get("status"))


def _parse_json_parameter(text: str | None) -> Any:
    """Parse the JSON of a query parameter. Raises RequestRejected."""
    if text is None:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestRejected(400, "InvalidRequest", f"Query parameter body is not JSON: {error}.") from None
    if value is None:
        raise RequestRejected(400, "InvalidRequest", "Query parameter body is null, which no body contains.")
    return value
