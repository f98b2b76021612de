"""Multipart forms that Netty can't parse, that can't be stored, or that exceed limits get `File upload failed.`"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from flinkmock import limits, private_files
from tests.rest.test_multipart import DISPOSITION, file_part, form_part, upload
from tests.server.conftest import Client

FAILED = "File upload failed."


@pytest.mark.parametrize(
    "body",
    [
        form_part(DISPOSITION + b"; name=\"f\"; filename*=nosuch''a.jar"),
        form_part(DISPOSITION + b"; name=\"f\"; filename*=rot13''a.jar"),
        form_part(DISPOSITION + b"; name=\"f\"; filename*=idna''a.jar"),
        form_part(DISPOSITION + b'; name="f"; filename="a.jar"\r\nContent-Length: ' + b"9" * 5000),
        file_part(b"a\0.jar"),
        file_part(b"a" * 300 + b".jar"),
    ],
)
def test_malformed_forms_fail(client: Client, body: bytes) -> None:
    reply = upload(client, body + b"--b--\r\n")
    assert (reply.status, reply.errors) == (500, [FAILED])


def test_the_number_of_files_is_limited(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UPLOAD_FILES", 3)
    files = [file_part(b"%d.jar" % n) for n in range(4)]
    assert upload(client, b"".join(files[:3]) + b"--b--").status == 200
    assert upload(client, b"".join(files) + b"--b--").errors == [FAILED]


def test_uploads_fail_without_a_temporary_folder(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/no/such/folder")
    assert upload(client, file_part(b"a.jar") + b"--b--").errors == [FAILED]


def test_uploads_fail_if_the_disk_is_full(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(private_files, "make", fail)
    assert upload(client, file_part(b"a.jar") + b"--b--").errors == [FAILED]


def test_the_size_of_the_headers_of_a_part_is_limited(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PART_HEADERS", 100)
    header = DISPOSITION + b'; name="f"; filename="a.jar"'
    assert upload(client, form_part(header + b"\r\nX: y") + b"--b--").status == 200
    for further_headers in (b"X: " + b"y" * 200, b"X: y\r\n" * 50):
        assert upload(client, form_part(header + b"\r\n" + further_headers) + b"--b--").errors == [FAILED]
