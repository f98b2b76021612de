"""`flinkmock serve` and the control API: the address, the control token, and how to disable the API."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from flinkmock.cli import create_parser, main
from flinkmock.cli.serve import _control_options
from flinkmock.server.listener import bind
from tests.cli.test_serve import read_line, serving
from tests.control.client import Control
from tests.server.raw_connection import put_after_continue

CONTROL_PREFIX = "/__flinkmock__/v1"
pytestmark = pytest.mark.slow


def test_the_control_api_shares_the_port_of_the_rest_api() -> None:
    with serving("--log", "json", "--clock", "virtual", "--quiet") as process:
        url = json.loads(read_line(process))["url"]
        control = Control(url + CONTROL_PREFIX)
        created = control.post("jobs", {"name": "orders"}, status=201)
        assert [job["id"] for job in httpx.get(url + "/jobs").json()["jobs"]] == [created["id"]]
        control.put("scenario", content="jobs: {returns: batch}")
        assert control.get("clock")["mode"] == "virtual"  # --clock applies to the new scenario, too
        cluster = control.post("clusters?clock=real", status=201)
        assert Control(cluster["control-url"]).get("clock")["mode"] == "real"


def test_the_control_api_can_have_its_own_port_and_a_token() -> None:
    with serving("--log", "json", "--control-port", "0", "--control-token", "secret", "--quiet") as process:
        url, control_line = json.loads(read_line(process))["url"], json.loads(read_line(process))
        assert httpx.get(f"{url}{CONTROL_PREFIX}/health").status_code == 404
        assert control_line["control-token"] == "secret"
        control = Control(control_line["control-url"])
        assert control.get("health") == {"status": "ok"}
        assert httpx.get(control_line["control-url"].removesuffix(CONTROL_PREFIX) + "/health").status_code == 404
        assert "Authorization: Bearer" in control.error("GET", "clock", 401)
        control = Control(control_line["control-url"], {"Authorization": "Bearer secret"})
        httpx.get(url + "/jobs")
        assert control.get("requests")["count"] == 2  # /health and /jobs
        target = urlsplit(control_line["control-url"]).path + "/scenario"
        status_line = put_after_continue(
            control_line["control-url"], target, b"jobs: {}", control.headers["Authorization"]
        )
        assert status_line == "HTTP/1.1 200 OK"
        cluster = control.post("clusters", status=201)
        Control(cluster["control-url"]).error("GET", "clock", 401)
        assert Control(cluster["control-url"], control.headers).get("clock")


def test_a_wildcard_address_needs_a_token_which_is_printed() -> None:
    with serving("--host", "0.0.0.0", "--log", "json", "--quiet") as process:
        url, control_line = json.loads(read_line(process))["url"], json.loads(read_line(process))
        assert len(control_line["control-token"]) > 20
        control = Control(url.replace("0.0.0.0", "127.0.0.1") + CONTROL_PREFIX)
        # on a wildcard address, any Host is accepted
        control.error("POST", "reset", 401, headers={"Host": "flink.test"})
        headers = {"Authorization": f"Bearer {control_line['control-token']}", "Host": "flink.test"}
        control.post("reset", headers=headers)


@pytest.mark.parametrize(
    ("arguments", "token"),
    [
        (["--host", "0.0.0.0"], "from the environment"),
        (["--host", "0.0.0.0", "--control-token", "secret"], "secret"),
        ([], None),
    ],
)
def test_the_token_of_the_environment_is_used_if_a_token_is_needed_and_no_option_sets_one(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], token: str | None
) -> None:
    monkeypatch.setenv("FLINKMOCK_TOKEN", "from the environment")
    options = _control_options(create_parser().parse_args(["serve", *arguments]))
    assert options is not None and options.token == token


def test_the_control_api_can_be_disabled() -> None:
    with serving("--log", "json", "--no-control") as process:
        assert httpx.get(json.loads(read_line(process))["url"] + CONTROL_PREFIX + "/health").status_code == 404


def test_a_changed_file_replaces_a_scenario_set_through_the_control_api(tmp_path: Path) -> None:
    scenario_file = tmp_path / "orders.yaml"
    scenario_file.write_text("jobs: {orders: streaming}\n")
    with serving(str(scenario_file), "--log", "json", "--reload", "--quiet") as process:
        control = Control(json.loads(read_line(process))["url"] + CONTROL_PREFIX)
        control.put("scenario", {})
        scenario_file.write_text("jobs: {returns: streaming}\n")
        read_line(process)
        assert [job["name"] for job in control.get("jobs")["jobs"]] == ["returns"]


def test_created_clusters_get_ports_from_the_range() -> None:
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with serving("--log", "json", "--cluster-ports", f"{port}-{port}", "--quiet") as process:
            control = Control(json.loads(read_line(process))["url"] + CONTROL_PREFIX)
            assert f"The ports {port} to {port} are taken" in control.error("POST", "clusters", 409)
            listener.close()
            assert control.post("clusters", status=201)["url"] == f"http://127.0.0.1:{port}"


def test_urls_in_responses_have_the_host_of_the_request() -> None:
    with serving("--host", "0.0.0.0", "--control-token", "secret", "--log", "json", "--quiet") as process:
        url = json.loads(read_line(process))["url"].replace("0.0.0.0", "127.0.0.1")
        control = Control(url + CONTROL_PREFIX, {"Authorization": "Bearer secret"})
        cluster = control.post("clusters", status=201, headers={"Host": "flink.test:8081"})
        assert cluster["url"].startswith("http://flink.test:") and cluster["control-url"].startswith(cluster["url"])
        assert control.get("version")["urls"] == [url]


def test_invalid_port_ranges_are_rejected() -> None:
    for invalid_range in ("9-8", "0-9", "a", "1-99999"):
        with pytest.raises(SystemExit):
            main(["serve", "--cluster-ports", invalid_range])
