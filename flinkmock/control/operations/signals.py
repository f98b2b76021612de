"""Operations on signals."""

from __future__ import annotations

from typing import Any

from flinkmock.control.operation import ControlCall, operation
from flinkmock.control.schemas import BOOLEAN, TEXT, array, obj


@operation(
    "GET",
    "/signals",
    summary="List the signals of the scenario and of submitted jobs.",
    returns=obj({"signals": array(obj({"name": TEXT, "awaited": BOOLEAN}))}),
    python_equivalents=("ClusterControl.signals",),
)
def list_signals(call: ControlCall) -> Any:
    """`awaited` is true if a step or an async operation waits for the signal now."""
    return {"signals": [{"name": name, "awaited": awaited} for name, awaited in call.control.signals.items()]}


@operation(
    "POST",
    "/signals/{name}",
    summary="Send a signal.",
    errors=(404,),
    python_equivalents=("ClusterControl.signal",),
)
def send_signal(call: ControlCall) -> Any:
    """The steps and async operations that wait for the signal continue. If there are none, the first that waits for the
    signal later continues at once."""
    call.control.signal(call.path_parameters["name"])
