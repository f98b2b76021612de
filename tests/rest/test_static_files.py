"""The dashboard's files in a jar are served as recorded on 2.3.0."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from flinkmock import FlinkMock
from flinkmock.contract import Contract
from flinkmock.errors import DashboardMissing
from flinkmock.rest.dashboard import Dashboard
from flinkmock.rest.static_files import StaticFiles
from tests.timeouts import TEST_TIMEOUT_S

RELEASE = Contract.load("2.3").release
NOW_S = 1_800_000_000.5
DATE = "Fri, 15 Jan 2027 08:00:00 GMT"


@pytest.fixture
def jar(tmp_path: Path) -> Path:
    path = tmp_path / "lib" / "flink-dist-2.3.0.jar"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        for folder in ("web/", "web/assets/", "web/assets/icons/", "org/"):
            archive.writestr(folder, "")
        archive.writestr("web/index.html", "<html>the dashboard</html>")
        archive.writestr("web/main.0a1b.js", "start()")
        archive.writestr("web/assets/icons/favicon.ico", "icon")
        archive.writestr("web/assets/icons/flink.svg", "<svg/>")
        archive.writestr("org/secret.txt", "not part of the dashboard")
    return path


@pytest.fixture
def static_files(jar: Path) -> StaticFiles:
    return StaticFiles(RELEASE, lambda: NOW_S * 1000, Dashboard.load(jar, RELEASE))


def test_a_file_is_served_with_cache_headers(static_files: StaticFiles) -> None:
    response = static_files.response("/main.0a1b.js", None)
    assert (response.status, response.body, response.content_type) == (200, b"start()", "application/javascript")
    assert not response.has_cors_header
    assert response.headers == {
        "date": DATE,
        "expires": "Fri, 15 Jan 2027 08:05:00 GMT",
        "cache-control": "private, max-age=300",
        "last-modified": DATE,  # the time of the first request, which unpacks the file
    }


def test_the_paths_of_pages_are_known(static_files: StaticFiles) -> None:
    paths = "/", "/index.html", "/assets", "/assets/icons/flink.svg", "/./index.html", "/nowhere", "/assets/", "/.."
    assert [path for path in paths if static_files.has(path)] == list(paths[:4])
    static_files.response("/", None)
    assert static_files.has("/./index.html")  # the file was unpacked


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html"),
        ("/assets/icons/flink.svg", "image/svg+xml"),
        ("/assets/icons/favicon.ico", "application/octet-stream"),
    ],
)
def test_content_types_follow_the_extension(static_files: StaticFiles, path: str, content_type: str) -> None:
    assert static_files.response(path, None).content_type == content_type


@pytest.mark.parametrize(
    "path", ["/nothing", "/assets/", "/web/index.html", "/../org/secret.txt", "/../index.html", "//main.0a1b.js"]
)
def test_missing_files_are_not_found(static_files: StaticFiles, path: str) -> None:
    response = static_files.response(path, None)
    name = path + "index.html" if path.endswith("/") else path
    assert response.body.decode() == f'{{"errors":["Unable to load requested file {name}."]}}'
    assert (response.status, response.has_cors_header) == (404, False)


def test_an_unchanged_file_is_not_sent_again(static_files: StaticFiles) -> None:
    static_files.response("/", None)
    response = static_files.response("/", DATE)
    assert (response.status, response.body, response.content_type, response.closes_connection) == (304, b"", None, True)
    assert static_files.response("/", "Fri, 15 Jan 2027 08:00:01 GMT").status == 200  # only an equal time counts
    assert static_files.response("/", "").status == 200
    invalid = static_files.response("/", "yesterday")
    assert (invalid.status, invalid.body) == (500, b'{"errors":["Error while responding to the http request."]}')


def test_a_folder_requested_first_hides_its_files(static_files: StaticFiles) -> None:
    folder = static_files.response("/assets", None)
    assert (folder.status, folder.body, folder.content_type) == (200, b"", "application/octet-stream")
    assert static_files.response("/assets/icons/favicon.ico", None).status == 404
    assert static_files.response("/assets", None).status == 200


def test_a_folder_with_unpacked_files_is_not_served(static_files: StaticFiles) -> None:
    assert static_files.response("/assets/icons/favicon.ico", None).status == 200
    for path in ("/assets", "/assets/icons", "/assets/../assets"):
        response = static_files.response(path, None)
        assert (response.status, response.body) == (405, b'{"errors":["File not found."]}')
    # the file system hides names that begin with a dot
    for path in ("/.", "/./.", "/assets/.", "/assets/..", "/assets/../.", "/assets/icons/.."):
        response = static_files.response(path, None)
        assert (response.status, response.body) == (404, b'{"errors":["File not found."]}')
    # every path that resolves to an unpacked file is served
    for path in ("//assets/icons/favicon.ico", "/assets//icons/./favicon.ico", "/assets/../assets/icons/favicon.ico"):
        assert static_files.response(path, None).body == b"icon"
    for path in ("/nothing/../assets/icons/favicon.ico", "/assets/icons/favicon.ico/.", "/assets/icons/favicon.ico/.."):
        response = static_files.response(path, None)
        assert (response.status, response.body.decode()) == (
            404,
            f'{{"errors":["Unable to load requested file {path}."]}}',
        )
    for path in ("/..", "/../..", "/assets/../.."):
        response = static_files.response(path, None)
        assert (response.status, response.body) == (403, b'{"errors":["Forbidden."]}')


def test_without_a_dashboard_a_page_describes_how_to_get_it() -> None:
    static_files = StaticFiles(RELEASE, lambda: NOW_S * 1000)
    for path in ("/.", "/.."):  # nothing is unpacked yet
        response = static_files.response(path, None)
        assert (response.status, response.body.decode()) == (
            404,
            f'{{"errors":["Unable to load requested file {path}."]}}',
        )
    page = static_files.response("/", None)
    assert static_files.response("/..", None).status == 403
    assert b"apache-flink-libraries==2.3.*" in page.body
    assert static_files.response("//", None).body == page.body
    assert static_files.response("/main.0a1b.js", None).status == 404
    folder = static_files.response("/assets", None)  # every flink-dist jar has this folder
    assert (folder.status, folder.body, folder.content_type) == (200, b"", "application/octet-stream")


def test_a_dashboard_is_found_in_folders_and_installed_packages(
    jar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLINK_HOME", raising=False)
    files = StaticFiles(RELEASE, lambda: NOW_S * 1000, Dashboard.load(tmp_path, RELEASE))
    assert files.response("/", None).body == b"<html>the dashboard</html>"
    with zipfile.ZipFile(jar) as archive:
        archive.extractall(tmp_path / "unpacked")
    for folder in (tmp_path / "unpacked", tmp_path / "unpacked" / "web"):
        dashboard = Dashboard.load(folder, RELEASE)
        assert dashboard is not None and dashboard.files["main.0a1b.js"] == b"start()"
    (tmp_path / "pyflink").mkdir()  # what apache-flink-libraries installs
    (tmp_path / "lib").rename(tmp_path / "pyflink" / "lib")
    monkeypatch.syspath_prepend(tmp_path)
    dashboard = Dashboard.load("auto", RELEASE)
    assert dashboard is not None and dashboard.source == str(tmp_path / "pyflink" / "lib" / jar.name)


def test_files_without_a_dashboard_of_the_release_are_rejected(jar: Path, tmp_path: Path) -> None:
    with pytest.raises(DashboardMissing, match=r"the dashboard of Flink 2\.3, and Flink 1\.20 is"):
        Dashboard.load(jar, Contract.load("1.20").release)
    other_jar = tmp_path / "other.jar"
    with pytest.raises(DashboardMissing, match=r"other\.jar: file not found\."):
        Dashboard.load(other_jar, RELEASE)
    with zipfile.ZipFile(other_jar, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "")
    with pytest.raises(DashboardMissing, match=r"no web/index\.html"):
        Dashboard.load(other_jar, RELEASE)
    jar.unlink()
    with pytest.raises(DashboardMissing, match=r"no flink-dist\*\.jar and no index\.html"):
        Dashboard.load(tmp_path, RELEASE)


def test_flinkmock_serves_the_dashboard(jar: Path) -> None:
    import requests

    with FlinkMock(dashboard=jar) as cluster:
        response = requests.get(cluster.url + "/", timeout=TEST_TIMEOUT_S)
        assert response.text == "<html>the dashboard</html>"
        cached = requests.get(
            cluster.url + "/", headers={"If-Modified-Since": response.headers["last-modified"]}, timeout=TEST_TIMEOUT_S
        )
        assert (cached.status_code, cached.headers["connection"]) == (304, "close")
        assert "content-length" not in cached.headers
