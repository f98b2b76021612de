"""Requests that could take minutes or gigabytes of memory, or that exceed limits.

The tests don't measure times: if a request takes minutes, its test hangs.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Callable, Iterator

import httpx
import pytest

from flinkmock import FlinkMock, limits

BODY_WITH_UNTERMINATED_STRING = b'{"a":' + b"[]" * 1001 + b'"' + b'\\"' * 1_000_000
SCENARIO = """
jobs:
  orders:
    vertices:
      - {name: "Source: a", parallelism: 2}
      - {name: b, parallelism: 2, inputs: [{from: "Source: a", ship-strategy: HASH}]}
"""


@pytest.fixture(scope="module")
def mock() -> Iterator[FlinkMock]:
    with FlinkMock(SCENARIO, clock="virtual") as mock:
        mock.advance("1m")
        yield mock


@pytest.fixture(scope="module")
def client(mock: FlinkMock) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=mock.url, trust_env=False) as client:
        yield client


@pytest.mark.parametrize(
    ("subtasks", "is_selected"),
    [
        ("0-99999999", True),
        ("0-2147483647", True),
        ("1-2147483647", True),
        ("2-2147483647", False),
        ("0-99999999999999", False),
        ("0-" + "9" * 3900, False),
        ("0,9", True),
        ("٠", False),
    ],
)
def test_large_ranges_of_subtasks_are_selected_quickly(
    mock: FlinkMock, client: httpx.Client, subtasks: str, is_selected: bool
) -> None:
    [(job_id, job)] = mock.cluster.jobs.items()
    target = f"/jobs/{job_id}/vertices/{job.graph.vertices[0].id}/subtasks/metrics"
    response = client.get(target, params={"subtasks": subtasks, "get": "numRecordsOut"})
    assert response.status_code == 200
    assert [metric["id"] for metric in response.json()] == ["numRecordsOut"] * is_selected


def test_metrics_of_a_thousand_subtasks_are_aggregated() -> None:
    wide_scenario = "cluster: {taskmanagers: 1000}\n" + SCENARIO.replace("parallelism: 2", "parallelism: 1000")
    with FlinkMock(wide_scenario, clock="virtual") as mock, httpx.Client(base_url=mock.url, trust_env=False) as client:
        mock.advance("1m")
        [(job_id, job)] = mock.cluster.jobs.items()
        target = f"/jobs/{job_id}/vertices/{job.graph.vertices[1].id}"
        metrics = client.get(f"{target}/subtasks/metrics", params={"get": "numBytesInLocal,numBytesInRemote"}).json()
        assert [metric["id"] for metric in metrics] == ["numBytesInLocal", "numBytesInRemote"]
        assert metrics[1]["sum"] > 0
        assert len(client.get(f"{target}/watermarks").json()) == 1000


def test_a_long_unterminated_string_is_rejected(client: httpx.Client) -> None:
    response = client.post("/jars/x/run", content=BODY_WITH_UNTERMINATED_STRING)
    assert response.status_code == 400


def test_a_date_with_a_year_of_any_length_is_accepted(client: httpx.Client) -> None:
    headers = {"If-Modified-Since": "Mon, 01 Jan 99999999999 00:00:00 GMT"}
    assert client.get("/index.html", headers=headers).status_code == 200


def jar(manifest: bytes | str = "Main-Class: a.B\r\n\r\n", compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("META-INF/MANIFEST.MF", manifest)
    return file.getvalue()


def damaged_jar(compression: int) -> bytes:
    data = bytearray(jar("Main-Class: a.B\r\n\r\n" * 50, compression))
    data[60:80] = b"\xff" * 20
    return bytes(data)


def jar_with_wrong_entry_sizes() -> bytes:
    data = bytearray(jar(compression=zipfile.ZIP_STORED))
    sizes = data.find(b"PK\1\2") + 20
    data[sizes : sizes + 8] = struct.pack("<II", 10**6, 10**6)
    return bytes(data)


@pytest.mark.parametrize(
    "create_jar",
    [
        pytest.param(lambda: damaged_jar(zipfile.ZIP_DEFLATED), id="deflate"),
        pytest.param(lambda: damaged_jar(zipfile.ZIP_LZMA), id="lzma"),
        pytest.param(lambda: damaged_jar(zipfile.ZIP_BZIP2), id="bzip2"),
        pytest.param(jar_with_wrong_entry_sizes, id="longer-than-its-file"),
        pytest.param(lambda: jar(b"\0" * 20_000_000), id="manifest-of-20-MB"),
        pytest.param(lambda: b"PK\5\6" + b"\xff" * 18, id="end-only"),
        pytest.param(lambda: b"", id="empty"),
    ],
)
def test_damaged_or_too_large_jars_have_no_entry_class(client: httpx.Client, create_jar: Callable[[], bytes]) -> None:
    response = client.post("/jars/upload", files={"jarfile": ("a.jar", create_jar())})
    assert response.status_code == 200
    assert client.get("/jars").json()["files"][0]["entry"] == []


def test_a_manifest_at_the_size_limit_is_read(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = "Main-Class: a.B\r\n\r\n"
    monkeypatch.setattr(limits, "JAR_MANIFEST", len(manifest))
    assert client.post("/jars/upload", files={"jarfile": ("a.jar", jar(manifest))}).status_code == 200
    assert client.get("/jars").json()["files"][0]["entry"] == [{"name": "a.B", "description": None}]


def test_a_jar_with_a_directory_above_the_limit_has_no_entry_class(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "JAR_DIRECTORY", 10)
    assert client.post("/jars/upload", files={"jarfile": ("a.jar", jar())}).status_code == 200
    assert client.get("/jars").json()["files"][0]["entry"] == []


@pytest.mark.parametrize("comment_size", [0, 65_535])
@pytest.mark.parametrize("is_zip64", [False, True])
def test_a_directory_above_the_limit_is_found_where_zipfile_finds_it(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, is_zip64: bool, comment_size: int
) -> None:
    """In a ZIP64 file, the ZIP64 record counts, even if the record at the end has a size, too."""
    directory, end = jar()[:-22], jar()[-22:]
    zip64 = b""
    if is_zip64:
        size, offset = struct.unpack("<LL", end[12:20])
        zip64 = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, size, offset)
        zip64 += struct.pack("<4sLQL", b"PK\6\7", 0, len(directory), 1)
        end = end[:12] + bytes(4) + end[16:]
    content = directory + zip64 + end[:20] + struct.pack("<H", comment_size) + b"x" * comment_size
    entries = []
    for limit in (limits.JAR_DIRECTORY, 10):
        monkeypatch.setattr(limits, "JAR_DIRECTORY", limit)
        assert client.post("/jars/upload", files={"jarfile": ("a.jar", content)}).status_code == 200
        entries.append(client.get("/jars").json()["files"][0]["entry"])
    assert [len(entry) for entry in entries] == [1, 0]


def test_a_file_name_to_which_no_id_can_be_added_is_rejected(mock: FlinkMock, client: httpx.Client) -> None:
    response = client.post("/jars/upload", files={"jarfile": ("a" * 240 + ".jar", jar())})
    assert response.status_code == 500
    assert "Could not move uploaded jar file [" in response.json()["errors"][0]
    uploads = mock.engine._upload_folder
    assert len(list(uploads.iterdir()) if uploads.exists() else []) == len(client.get("/jars").json()["files"])


def test_a_parallelism_above_the_maximum_is_rejected(client: httpx.Client) -> None:
    uploaded = client.post("/jars/upload", files={"jarfile": ("a.jar", jar())}).json()["filename"]
    response = client.post(f"/jars/{os.path.basename(uploaded)}/run", json={"parallelism": 2_147_483_647})
    assert response.status_code == 400
    assert "parallelism (2147483647) is higher than the max parallelism (32768)" in response.json()["errors"][0]
