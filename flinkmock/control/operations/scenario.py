"""Operations on the scenario."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flinkmock.control.operation import JSON, YAML, ControlCall, ControlResponse, QueryParameter, operation
from flinkmock.control.operations.clock import clock_json
from flinkmock.control.rejection import encode
from flinkmock.control.schemas import BOOLEAN, COUNT, NON_EMPTY_TEXT, TEXT, array, obj, ref
from flinkmock.errors import NotFound, ScenarioError

if TYPE_CHECKING:
    from flinkmock.scenario.scenario import Scenario

ENGINE_OPTIONS = (
    QueryParameter(
        "flink", NON_EMPTY_TEXT, "The minor release to serve, such as 1.20. It takes precedence over the scenario."
    ),
    QueryParameter("seed", COUNT, "The seed of all random choices. It takes precedence over the scenario."),
    QueryParameter("clock", NON_EMPTY_TEXT, "The clock mode. It takes precedence over the scenario."),
    QueryParameter(
        "start-time",
        NON_EMPTY_TEXT,
        "The cluster time at which the scenario begins: `2026-01-01T00:00:00Z`. It takes precedence over the scenario.",
    ),
)


_MAX_CACHED_SCENARIOS = 32
"""The number of scenarios in the cache. A test suite creates many clusters from few scenarios."""
_MAX_CACHED_LENGTH = 64 * 1024
"""The maximum length of a cached scenario, in characters."""
_cache: OrderedDict[str, Scenario] = OrderedDict()


def python_arguments(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return query parameters as arguments of the Python API, which have underscores."""
    return {name.replace("-", "_"): value for name, value in query.items()}


def read_scenario(call: ControlCall) -> Scenario:
    """Return the scenario in the body. Raises ScenarioError."""
    from flinkmock.scenario import load_scenario

    text = call.body
    cached = _cache.get(text)
    if cached is not None:
        _cache.move_to_end(text)
        return cached
    scenario = load_scenario(text)
    if not scenario.files and len(text) <= _MAX_CACHED_LENGTH:  # a file that the scenario includes may change
        _cache[text] = scenario
        if len(_cache) > _MAX_CACHED_SCENARIOS:
            _cache.popitem(last=False)
    return scenario


@operation(
    "GET",
    "/scenario",
    summary="Get the scenario.",
    returns={"type": "object", "description": "A scenario, see `flinkmock scenario schema`."},
    produces=(JSON, YAML),
    errors=(404,),
    python_equivalents=("ClusterControl.scenario",),
)
def get_scenario(call: ControlCall) -> Any:
    """The response is YAML for `Accept: application/yaml`, else JSON. The status is 404 if the scenario was created
    from Python objects."""
    scenario = call.control.scenario
    if scenario is None:
        raise NotFound("The scenario of this cluster was created from Python objects and has no text.")
    if "yaml" in call.accepts:
        import yaml

        text = yaml.safe_dump(scenario, sort_keys=False, allow_unicode=True, default_flow_style=False)
        return ControlResponse(200, text.encode("utf-8", errors="replace"), YAML)
    return ControlResponse(200, encode(scenario))


@operation(
    "PUT",
    "/scenario",
    summary="Replace the cluster with one that has another scenario.",
    takes_scenario=True,
    query=ENGINE_OPTIONS,
    returns=ref("Clock"),
    errors=(409, 422),
    python_equivalents=("ClusterControl.load_scenario",),
)
def replace_scenario(call: ControlCall) -> Any:
    """The body is a scenario in YAML or JSON, or the name of a scenario file or a built-in scenario. The address
    stays the same; the journal and the snapshots are cleared. The status is 422 if the scenario is invalid; the
    cluster then stays as it is, and `details` lists all mistakes with line and column."""
    call.control.load_scenario(read_scenario(call), **python_arguments(call.query))
    return clock_json(call)


@operation(
    "POST",
    "/scenario/check",
    summary="Check a scenario without using it.",
    takes_scenario=True,
    returns=obj(
        {
            "valid": BOOLEAN,
            "mistakes": array(
                obj(
                    {
                        "message": TEXT,
                        "file": TEXT,
                        "line": {"type": "integer"},
                        "column": {"type": "integer"},
                        "path": TEXT,
                    },
                    required=("message", "file"),
                )
            ),
        }
    ),
    python_equivalents=("load_scenario",),
)
def check_scenario(call: ControlCall) -> Any:
    """This finds the mistakes for which `PUT /scenario` rejects a scenario. `flinkmock scenario check` also runs the
    scenario."""
    try:
        read_scenario(call)
    except ScenarioError as error:
        return {"valid": False, "mistakes": [diagnostic.as_json() for diagnostic in error.diagnostics]}
    return {"valid": True, "mistakes": []}


@operation(
    "POST",
    "/reset",
    summary="Start the cluster again.",
    returns=ref("Clock"),
    errors=(409,),
    python_equivalents=("ClusterControl.reset",),
)
def reset_cluster(call: ControlCall) -> Any:
    """The cluster has the same scenario, release, seed and address as before, and the clock mode and faults with which
    it began. The journal and the snapshots are cleared."""
    call.control.reset()
    return clock_json(call)
