"""The router finds the operation of a method and path. See docs/flink-behaviour.md#routing."""

import pytest

from flinkmock.contract import Contract, known_releases
from flinkmock.rest.router import Router

JOB = "3951ca87e73b3edfbba4a783ff8d647a"


def operation_id(method: str, path: str, **options: str) -> str | None:
    """Return the id of the operation that serves a request in 2.3; None if there is none.

    `options` are options of the cluster, with underscores instead of dots.
    """
    configuration = {key.replace("_", "."): value for key, value in options.items()}
    route = Router(Contract.load("2.3"), configuration).route(method, path)
    return route and route.operation.id


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/overview", "getClusterOverview"),
        ("GET", "/v1/overview", "getClusterOverview"),
        ("GET", "/overview/", "getClusterOverview"),
        ("GET", "//overview", "getClusterOverview"),
        ("GET", "/jobs/overview", "getJobsOverview"),
        ("PATCH", "/jobs/overview", "cancelJob"),
        ("GET", f"/jobs/{JOB}/", "getJobDetails"),
        ("GET", "/datasets/delete/x", "getClusterDataSetDeleteStatus"),
        ("DELETE", "/datasets/delete", "deleteClusterDataSet"),
        ("GET", "/taskmanagers/metrics", "getAggregatedTaskManagerMetrics"),
        ("GET", "/overview?x", "getClusterOverview"),  # a %3F that was decoded
        ("GET", "/jobs//overview", None),
        ("GET", "/OVERVIEW", None),
        ("GET", "/overview ", None),
        ("GET", "/./overview", None),
        ("GET", "/jobs/../overview", None),
        ("GET", "/v1", None),
        ("GET", "/v1/v1/overview", None),
        ("GET", "/v2/overview", None),
        ("GET", "/", None),
        ("get", "/overview", None),
        ("HEAD", "/overview", None),
        ("OPTIONS", "/overview", None),
        ("POST", "/overview", None),
        ("GET", "/jars/upload", None),
    ],
)
def test_requests_are_routed_to_operations(method: str, path: str, expected: str | None) -> None:
    assert operation_id(method, path) == expected


def test_segments_are_decoded_a_second_time() -> None:
    route = Router(Contract.load("2.3"), {}).route("GET", "/taskmanagers/a+b%2525")
    assert route is not None
    assert route.path_parameters == {"taskmanagerid": "a b%25"}


def test_disabled_operations_have_no_route() -> None:
    assert operation_id("GET", "/jars") == "getJarList"
    assert operation_id("GET", "/jars", web_submit_enable="false") is None
    assert operation_id("GET", "/jobmanager/profiler") is None
    assert operation_id("GET", "/jobmanager/profiler", rest_profiling_enabled="true") == "getJobManagerProfilingList"


@pytest.mark.parametrize("release", known_releases())
def test_every_operation_is_found_at_its_path(release: str) -> None:
    contract = Contract.load(release)
    router = Router(contract, {"rest.profiling.enabled": "true"})
    for declared in contract:
        path = "/".join("x" if segment.startswith(":") else segment for segment in declared.segments)
        for prefix in ("/", "/v1/"):
            route = router.route(declared.method, prefix + path)
            assert route and route.operation is declared, declared
