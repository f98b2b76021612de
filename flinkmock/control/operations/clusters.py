"""Operations on additional clusters in the same process."""

from __future__ import annotations

from typing import Any

from flinkmock.control.host import HostedCluster
from flinkmock.control.operation import ControlCall, QueryParameter, operation
from flinkmock.control.operations.scenario import ENGINE_OPTIONS, python_arguments, read_scenario
from flinkmock.control.schemas import NON_EMPTY_TEXT, array, obj, ref
from flinkmock.control.waiting import parse_wall_duration

LONGEST_IDLE_TIMEOUT_S = 30 * 86_400.0
_SHORTEST_IDLE_TIMEOUT_S = 0.001


def _cluster_json(call: ControlCall, cluster: HostedCluster) -> dict[str, Any]:
    from flinkmock.control.api import API_PREFIX

    urls = [call.host.reachable_url(url) for url in cluster.urls]
    return {
        "id": cluster.id,
        "url": urls[0],
        "urls": urls,
        "control-url": urls[0] + API_PREFIX,
        "flink": cluster.control.engine.contract.release.version,
        "idle-timeout": None if cluster.idle_timeout is None else round(cluster.idle_timeout * 1000),
    }


@operation(
    "POST",
    "/clusters",
    summary="Create another cluster.",
    takes_scenario=True,
    query=(
        *ENGINE_OPTIONS,
        QueryParameter("default-clock", NON_EMPTY_TEXT, "The clock mode if neither `clock` nor the scenario has one."),
        QueryParameter(
            "idle-timeout",
            NON_EMPTY_TEXT,
            "The cluster is deleted after this wall-clock time without a request; `never` keeps it.",
            "10m",
        ),
    ),
    returns=ref("Cluster"),
    status=201,
    errors=(409, 422),
)
async def open_cluster(call: ControlCall) -> Any:
    """The cluster has its own scenario, clock, journal and port. The body is a scenario as for `PUT /scenario`. The
    control API of the new cluster is at `control-url`."""
    options = python_arguments(call.query)
    timeout_text = options.pop("idle_timeout")
    idle_timeout: float | None = None
    if timeout_text != "never":
        idle_timeout = max(parse_wall_duration(timeout_text, longest=LONGEST_IDLE_TIMEOUT_S), _SHORTEST_IDLE_TIMEOUT_S)
    control = call.control.new_cluster(read_scenario(call), **options)
    return _cluster_json(call, await call.host.clusters.create(control, idle_timeout))


@operation(
    "GET",
    "/clusters",
    summary="List the clusters that `POST /clusters` created.",
    returns=obj({"clusters": array(ref("Cluster"))}),
)
def list_clusters(call: ControlCall) -> Any:
    """The list does not contain the cluster with which the server was started."""
    return {"clusters": [_cluster_json(call, cluster) for cluster in call.host.clusters]}


@operation(
    "GET",
    "/clusters/{id}",
    summary="Get a cluster that `POST /clusters` created.",
    returns=ref("Cluster"),
    errors=(404,),
)
def get_cluster(call: ControlCall) -> Any:
    """This request does not reset the idle timeout."""
    return _cluster_json(call, call.host.clusters.get(call.path_parameters["id"]))


@operation("DELETE", "/clusters/{id}", summary="Delete a cluster that `POST /clusters` created.", errors=(404,))
async def close_cluster(call: ControlCall) -> Any:
    """All connections of the cluster are closed."""
    await call.host.clusters.delete(call.path_parameters["id"])
