"""`flinkmock dashboard fetch` with packages that the tests create, and `serve --dashboard` without a dashboard."""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from flinkmock import DashboardMissing, FlinkMock
from flinkmock.cli import dashboard_download, main
from flinkmock.contract import Contract
from flinkmock.rest.dashboard import Dashboard

RELEASE = Contract.load("2.3").release


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, on a machine without Flink."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("FLINKMOCK_CACHE", str(folder))
    monkeypatch.delenv("FLINK_HOME", raising=False)
    monkeypatch.setattr("flinkmock.rest.dashboard._installation_folders", list)
    return folder


def create_jar() -> bytes:
    """Return a flink-dist jar with a dashboard and another file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("web/index.html", "<html>the dashboard</html>")
        archive.writestr("org/apache/flink/Other.class", "x" * 1000)
    return content.getvalue()


def write_wheel(folder: Path) -> None:
    with zipfile.ZipFile(folder / "apache_flink_libraries-2.3.0-py2.py3-none-any.whl", "w") as archive:
        archive.writestr("pyflink/lib/flink-dist-2.3.0.jar", create_jar())


def write_source_distribution(folder: Path) -> None:
    with tarfile.open(folder / "apache-flink-libraries-2.3.0.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("apache-flink-libraries-2.3.0/deps/lib/flink-dist_2.12-2.3.0.jar")
        member.size = len(create_jar())
        archive.addfile(member, io.BytesIO(create_jar()))


@pytest.mark.parametrize("write_package", [write_wheel, write_source_distribution])
def test_fetch_keeps_only_the_files_of_the_dashboard(
    write_package: Callable[[Path], None],
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pip_calls = []

    def pip(*arguments: str) -> None:
        pip_calls.append(arguments[:-1])
        write_package(Path(arguments[-1]))

    monkeypatch.setattr(dashboard_download, "_pip_download", pip)
    assert main(["dashboard", "fetch", "--flink", "2.3"]) == 0
    assert pip_calls == [("apache-flink-libraries==2.3.0", "--dest")]
    file = cache / "dashboard-2.3.zip"
    assert capsys.readouterr().out.startswith(f"{file}: the dashboard of Flink 2.3.")
    assert [path.name for path in cache.iterdir()] == [file.name]
    assert zipfile.ZipFile(file).namelist() == ["web/index.html"]
    assert Dashboard.load("auto", RELEASE).source == str(file)
    with pytest.raises(DashboardMissing, match=r"No dashboard of Flink 1\.20"):
        FlinkMock(dashboard="auto", flink="1.20").start()


def test_serve_without_a_dashboard_does_not_start(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", "0", "--dashboard"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "No dashboard of Flink 2.3 is available" in err
    assert "flinkmock dashboard fetch --flink 2.3" in err


def test_a_scenario_after_the_option_dashboard_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", "0", "--dashboard", "demo.yaml"]) == 2
    assert "flinkmock serve demo.yaml --dashboard" in capsys.readouterr().err


def test_a_failure_of_pip_is_reported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert main(["dashboard", "fetch"]) == 2
    assert "pip could not download the package (exit code 1)" in capsys.readouterr().err


def test_a_package_without_a_dashboard_is_rejected(tmp_path: Path) -> None:
    empty = tmp_path / "empty.whl"
    zipfile.ZipFile(empty, "w").close()
    with pytest.raises(DashboardMissing, match=r"no flink-dist jar with a dashboard in empty\.whl"):
        dashboard_download.extract_dashboard(empty, tmp_path / "dashboard.zip")


def test_the_dashboard_of_1_12_is_in_another_package() -> None:
    *_, requirement = dashboard_download._pip_arguments(Contract.load("1.12").release)
    assert requirement == "apache-flink==1.12.5"
