"""Operations that list what comes with flinkmock."""

from __future__ import annotations

from typing import Any

from flinkmock.control.operation import ControlCall, operation
from flinkmock.control.schemas import TEXT, array, obj


@operation(
    "GET",
    "/scenarios",
    summary="List the built-in scenarios.",
    returns=obj({"scenarios": array(obj({"name": TEXT, "description": TEXT}))}),
)
def list_scenarios(call: ControlCall) -> Any:
    """Each name can be the body of `PUT /scenario`."""
    from flinkmock.scenario.built_in import built_in_scenarios

    return {"scenarios": [{"name": name, "description": text} for name, text in built_in_scenarios().items()]}


@operation(
    "GET",
    "/templates",
    summary="List the templates of jobs.",
    returns=obj({"templates": array(TEXT)}),
)
def list_templates(call: ControlCall) -> Any:
    """The templates of the scenario, then the built-in ones, are values of `template` for `POST /jobs`."""
    from flinkmock.scenario.built_in import template_names

    return {"templates": template_names(call.control.engine.cluster.spec)}
