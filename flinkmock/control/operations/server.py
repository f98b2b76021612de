"""Operations about the server itself."""

from __future__ import annotations

from typing import Any

from flinkmock.control.operation import ControlCall, ControlResponse, operation
from flinkmock.control.rejection import encode
from flinkmock.control.schemas import TEXT, array, obj


@operation(
    "GET",
    "/health",
    summary="Check that the server runs.",
    returns=obj({"status": {"type": "string", "enum": ["ok"]}}),
    is_public=True,
)
def get_health(call: ControlCall) -> Any:
    """This operation does not need the token."""
    return {"status": "ok"}


@operation(
    "GET",
    "/version",
    summary="Get the versions of flinkmock and of the Flink whose contract is served, and the URLs of the cluster.",
    returns=obj({"flinkmock": TEXT, "flink": TEXT, "urls": array(TEXT)}),
    python_equivalents=("FlinkMock.url", "FlinkMock.urls", "FlinkMock.host", "FlinkMock.port"),
)
def get_version(call: ControlCall) -> Any:
    """The response has the URL of each JobManager in `urls`."""
    from flinkmock import __version__

    release = call.control.engine.contract.release
    return {"flinkmock": __version__, "flink": release.version, "urls": list(call.host.urls)}


@operation(
    "GET", "/openapi.json", summary="Get the OpenAPI 3.1 document of the control API.", returns={"type": "object"}
)
def get_openapi(call: ControlCall) -> Any:
    """The document describes all operations of the control API."""
    from flinkmock.control.openapi import openapi_document

    return ControlResponse(200, encode(openapi_document()))


@operation(
    "GET",
    "/metrics",
    summary="Get metrics of flinkmock itself for Prometheus.",
    returns=TEXT,
    produces=("text/plain; version=0.0.4",),
)
def get_metrics(call: ControlCall) -> Any:
    """The response has the cluster time and the numbers of requests, jobs, fault hits, clusters and responses of the
    control API. Flink's own metrics are served by its REST API."""
    from flinkmock.control.metrics import metrics_text

    content = metrics_text(call.api, call.host).encode(errors="replace")
    return ControlResponse(200, content, "text/plain; version=0.0.4; charset=utf-8")
