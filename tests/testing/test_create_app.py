"""`FlinkMock.create_app`: a cluster as an aiohttp application in the event loop of the test."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pytest_aiohttp.plugin import AiohttpClient, AiohttpServer

from flinkmock import DashboardMissing, FlinkMock, ScenarioError
from flinkmock.errors import NotRunning
from flinkmock.jar import small_jar

Client = TestClient[web.Request, web.Application]
ORDERS = {"jobs": {"orders": "streaming"}}


async def test_a_client_of_pytest_aiohttp_sends_requests(aiohttp_client: AiohttpClient) -> None:
    flink = FlinkMock(ORDERS, flink="1.20", clock="virtual")
    client: Client = await aiohttp_client(flink.create_app())
    assert (await (await client.get("/config")).json())["flink-version"].startswith("1.20")
    flink.advance("1m")
    orders = flink.job("orders")
    response = await client.patch(f"/jobs/{orders.id}")
    assert response.status == 202
    flink.run_until(orders="CANCELED")
    flink.requests.expect("PATCH /jobs/:jobid", times=1)


async def test_a_cluster_in_a_server_of_pytest_aiohttp_can_be_restored(aiohttp_server: AiohttpServer) -> None:
    flink = FlinkMock(ORDERS)
    server: TestServer = await aiohttp_server(flink.create_app())
    snapshot = flink.snapshot()
    async with TestClient(server) as client:
        for _ in range(2):
            assert (await client.get("/jobs/overview")).status == 200
            assert len(flink.requests) == 1
            flink.restore(snapshot)


async def test_the_cluster_is_closed_with_its_application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    flink = FlinkMock(ORDERS)
    async with TestClient(TestServer(flink.create_app())) as client:
        form = aiohttp.FormData()
        form.add_field("jarfile", small_jar(), filename="orders.jar")
        assert (await client.post("/jars/upload", data=form)).status == 200
        assert list(tmp_path.iterdir())
        with pytest.raises(NotRunning, match="is not running"):  # an application has no URL
            _ = flink.url
    files = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert files == ["lock"]  # the folder of this process is removed when the process ends
    assert flink.job("orders").name == "orders"  # the model can still be read
    flink.close()


@pytest.mark.parametrize("control", [True, False])
async def test_the_application_serves_a_new_scenario(aiohttp_client: AiohttpClient, control: bool) -> None:
    flink = FlinkMock(ORDERS, clock="virtual", control=control)
    client: Client = await aiohttp_client(flink.create_app())
    flink.load_scenario({"jobs": {"returns": "streaming"}}, flink="1.20")
    assert (await (await client.get("/overview")).json())["flink-version"] == "1.20.5"
    await client.patch(f"/jobs/{flink.job('returns').id}")
    flink.reset()
    [job] = (await (await client.get("/jobs/overview")).json())["jobs"]
    assert (job["name"], job["state"]) == ("returns", "INITIALIZING")


async def test_the_dashboard_of_the_application_is_that_of_the_release(
    aiohttp_client: AiohttpClient, tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text("the dashboard")
    flink = FlinkMock(ORDERS, flink="2.3", dashboard=tmp_path)
    client: Client = await aiohttp_client(flink.create_app())
    (tmp_path / "index.html").write_text("the dashboard of 1.20")
    flink.load_scenario(ORDERS, flink="1.20")
    assert await (await client.get("/index.html")).text() == "the dashboard of 1.20"
    (tmp_path / "index.html").unlink()
    with pytest.raises(DashboardMissing):
        flink.load_scenario(ORDERS, flink="2.3")
    assert (await (await client.get("/overview")).json())["flink-version"] == "1.20.5"


async def test_a_cluster_can_be_started_after_its_application_was_closed() -> None:
    flink = FlinkMock(ORDERS, clock="virtual")
    async with TestClient(TestServer(flink.create_app())):
        pass
    with flink:
        flink.load_scenario({"jobs": {"returns": "batch"}})
        async with aiohttp.ClientSession() as session, session.get(flink.url + "/jobs/overview") as response:
            assert [job["name"] for job in (await response.json())["jobs"]] == ["returns"]


def test_create_app_reports_mistakes() -> None:
    with pytest.raises(ScenarioError):
        FlinkMock({"jobs": {"orders": "streming"}}).create_app()


async def test_the_application_has_the_control_api(aiohttp_client: AiohttpClient) -> None:
    flink = FlinkMock({"jobs": {"orders": "streaming"}}, clock="virtual")
    app = web.Application()
    app.add_subapp("/flink", flink.create_app())
    client: Client = await aiohttp_client(app)
    control_path = "/flink/__flinkmock__/v1"
    response = await client.put(f"{control_path}/scenario", json={"jobs": {"returns": "batch"}, "flink": "1.20"})
    assert (response.status, (await response.json())["mode"]) == (200, "virtual")
    assert (await (await client.get("/flink/overview")).json())["flink-version"] == "1.20.5"
    cluster = await (await client.post(f"{control_path}/clusters")).json()
    assert (await client.delete(f"{control_path}/clusters/{cluster['id']}")).status == 204
    assert [exchange.target for exchange in flink.requests] == ["/overview"]
