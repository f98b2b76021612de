"""Operations on faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flinkmock.control.operation import JSON, YAML, ControlCall, QueryParameter, operation
from flinkmock.control.schemas import BOOLEAN, array, obj, ref
from flinkmock.errors import NotFound, did_you_mean

if TYPE_CHECKING:
    from flinkmock.faults import Fault

_FAULTS = obj({"faults": array(ref("Fault"))})


def _fault_json(call: ControlCall, fault: Fault) -> dict[str, Any]:
    return {"name": fault.name, "hits": call.control.faults.hits(fault.name), "definition": fault.definition}


@operation(
    "GET",
    "/faults",
    summary="List the faults with their hits.",
    returns=_FAULTS,
    python_equivalents=("ClusterControl.faults", "ClusterFaults.hits"),
)
def list_faults(call: ControlCall) -> Any:
    """If several faults could apply to a request, the first one does. `hits` counts the requests to which a fault
    applied."""
    return {"faults": [_fault_json(call, fault) for fault in call.control.faults]}


@operation(
    "POST",
    "/faults",
    summary="Add faults.",
    body={"type": ["object", "array"], "items": {"type": "object"}, "minProperties": 1},
    consumes=(JSON, YAML),
    query=(QueryParameter("first", BOOLEAN, "Whether the new faults take precedence over the current ones.", False),),
    returns=_FAULTS,
    status=201,
    errors=(422,),
    python_equivalents=("ClusterFaults.add",),
)
def add_faults(call: ControlCall) -> Any:
    """The body is a fault as in a scenario, or a list of faults:
    `{"match": "POST /jobs/:jobid/savepoints", "times": 1, "delay": "5s"}`. It is parsed as YAML if the content type is
    YAML, else as JSON. The status is 422 if a fault is invalid."""
    faults = call.body if isinstance(call.body, list) else [call.body]
    added = call.control.faults.add(*faults, first=call.query["first"])
    return {"faults": [_fault_json(call, fault) for fault in added]}


@operation("DELETE", "/faults", summary="Remove all faults.", python_equivalents=("ClusterFaults.clear",))
def clear_faults(call: ControlCall) -> Any:
    """Responses that a fault already delays stay delayed."""
    call.control.faults.clear()


@operation("GET", "/faults/{name}", summary="Get a fault with its hits.", returns=ref("Fault"), errors=(404,))
def get_fault(call: ControlCall) -> Any:
    """A fault without a name gets one that describes it; `GET /faults` lists the names."""
    return _fault_json(call, _fault(call))


@operation(
    "DELETE", "/faults/{name}", summary="Remove a fault.", errors=(404,), python_equivalents=("ClusterFaults.remove",)
)
def remove_fault(call: ControlCall) -> Any:
    """Responses that the fault already delays stay delayed."""
    call.control.faults.remove(call.path_parameters["name"])


def _fault(call: ControlCall) -> Fault:
    """Return the first fault with the name in the path. Raises NotFound."""
    name = call.path_parameters["name"]
    faults = list(call.control.faults)
    for fault in faults:
        if fault.name == name:
            return fault
    raise NotFound(f'There is no fault "{name}".{did_you_mean(name, [fault.name for fault in faults])}')
