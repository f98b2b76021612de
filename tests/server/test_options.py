"""Responses follow Flink's options for the allowed origin and the port."""

from __future__ import annotations

import httpx
import pytest

from flinkmock import FlinkMock

ORIGIN = "https://dash.example"


@pytest.mark.parametrize("release", ["2.3", "1.12"])
def test_responses_have_the_allowed_origin(release: str) -> None:
    """2.3.0 sends the allowed origin with all responses except files and their errors.

    A GET of an unknown path is a request for a file; other methods are not.
    """
    scenario = {"cluster": {"config": {"web.access-control-allow-origin": ORIGIN}}, "jobs": {"orders": {}}}
    with FlinkMock(scenario, flink=release) as flink, httpx.Client(base_url=flink.url) as client:
        origins = {
            path: client.get(path).headers.get("access-control-allow-origin")
            for path in ("/overview", "/jobs", "/jobs/nohex", "/nosuch", "/jobmanager/log")
        }
        assert origins == {
            "/overview": ORIGIN,
            "/jobs": ORIGIN,
            "/jobs/nohex": ORIGIN,
            "/nosuch": None,
            "/jobmanager/log": None,
        }
        assert client.get("/overview").headers["access-control-allow-origin"] == ORIGIN  # on the direct path
        assert client.request("FOO", "/nosuch").headers["access-control-allow-origin"] == ORIGIN


def test_the_configuration_shows_the_actual_port() -> None:
    with FlinkMock({"cluster": {"jobmanagers": 2, "config": {"rest.port": 0}}}) as flink:
        for url in flink.urls:
            config = httpx.get(f"{url}/jobmanager/config").json()
            port = next(entry["value"] for entry in config if entry["key"] == "rest.port")
            assert url.endswith(f":{port}")
