"""Uploads and other multipart bodies. See docs/flink-behaviour.md#multipart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flinkmock.private_files import new_path
from flinkmock.rest.call import Payload, RestCall
from tests.server.conftest import Client, RawResponse

FORM_HEADERS = {"Content-Type": "multipart/form-data; boundary=b"}
DISPOSITION = b"Content-Disposition: form-data"


def form_part(disposition: bytes, content: bytes = b"x") -> bytes:
    return b"--b\r\n" + disposition + b"\r\n\r\n" + content + b"\r\n"


def file_part(filename: bytes, content: bytes = b"x") -> bytes:
    return form_part(DISPOSITION + b'; name="jarfile"; filename="' + filename + b'"', content)


def upload(
    client: Client, body: bytes, path: str = "/jars/upload", headers: dict[str, str] = FORM_HEADERS
) -> RawResponse:
    return client.send("POST", path, body, headers)


@pytest.mark.parametrize(
    ("body", "files"),
    [
        (file_part(b"a.jar", b"content") + b"--b--\r\n", [("a.jar", b"content")]),
        (file_part(b"a.jar", b"line\r\nline\r\n") + b"--b--", [("a.jar", b"line\r\nline\r\n")]),
        (file_part(b"a.jar", b"--b in it\r\n--c\n-") + b"--b--", [("a.jar", b"--b in it\r\n--c\n-")]),
        (file_part(b"a.jar", b"") + b"--b--", [("a.jar", b"")]),
        (file_part(b"a.jar", b"last line lacks the dashes") + b"--b", [("a.jar", b"last line lacks the dashes")]),
        (file_part(b"../../evil.jar") + b"--b--", [("evil.jar", b"x")]),
        (file_part(b"..\\evil.jar") + b"--b--", [("..\\evil.jar", b"x")]),
        (file_part(b"%41.jar") + b"--b--", [("%41.jar", b"x")]),
        (file_part(b"x.jar ") + b"--b--", [("x.jar", b"x")]),
        (file_part(b" a:b,c;d=e.jar") + b"--b--", [("a b c d e.jar", b"x")]),
        (file_part(b"a.jar") + file_part(b"b.jar", b"y") + b"--b--", [("a.jar", b"x"), ("b.jar", b"y")]),
        (form_part(DISPOSITION + b"; name=f; filename=a.jar") + b"--b--", [("a.jar", b"x")]),
        (form_part(DISPOSITION + b"; name=\"f\"; filename*=UTF-8''up%C3%A9.jar") + b"--b--", [("upé.jar", b"x")]),
        (b"--b\n" + DISPOSITION + b'; name="f"; filename="a.jar"\n\nx\n--b--\n', [("a.jar", b"x")]),
        (file_part(b"a.jar") + b"--b--\r\nepilogue", [("a.jar", b"x")]),
        (file_part(b"a.jar") + file_part(b"b.jar")[:-10], [("a.jar", b"x")]),  # an incomplete file is discarded
        (file_part(b"a.jar")[:-2], []),
        (b"preamble\r\n" + file_part(b"a.jar") + b"--b--", [("a.jar", b"x")]),
        (b"preamble" + file_part(b"a.jar") + b"--b--", [("a.jar", b"x")]),
        (file_part(b"a.jar").replace(b"--b", b"--c") + b"--c--", []),
        (form_part(DISPOSITION + b"; name=f; filename=a.jar\r\nContent-Length: 9") + b"--b--", [("a.jar", b"x")]),
        (b"--b--\r\n", []),
        (b"", []),
    ],
)
def test_files_are_parsed_as_in_netty(client: Client, body: bytes, files: list[tuple[str, bytes]]) -> None:
    assert upload(client, body).status == 200
    assert list(client.engine.last_call.files) == files


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_forms_can_arrive_in_chunks_of_any_size(client: Client, size: int) -> None:
    content = b"\r\n-\r\n--\r\n--a\r\n" * 20
    body = file_part(b"a.jar", content) + b"--b--\r\n"
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(body[start : start + size]), body[start : start + size])
        for start in range(0, len(body), size)
    )
    response = client.send(
        "POST", "/jars/upload", chunks + b"0\r\n\r\n", {**FORM_HEADERS, "Transfer-Encoding": "chunked"}
    )
    assert response.status == 200
    assert list(client.engine.last_call.files) == [("a.jar", content)]


@pytest.mark.parametrize(
    "content_type",
    [
        'multipart/form-data; boundary="b"',
        "multipart/form-data;BOUNDARY=b",
        "multipart/form-data; charset=utf-8; boundary=b",
    ],
)
def test_the_content_type_may_have_quotes_capitals_and_further_parameters(client: Client, content_type: str) -> None:
    upload(client, file_part(b"a.jar") + b"--b--", headers={"Content-Type": content_type})
    assert list(client.engine.last_call.files) == [("a.jar", b"x")]


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/mixed; boundary=b", "text/plain", "Multipart/Form-Data; boundary=b"],
)
def test_bodies_with_other_content_types_are_parsed_as_json(client: Client, content_type: str) -> None:
    response = upload(client, file_part(b"a.jar"), headers={"Content-Type": content_type})
    assert response.status == 400
    assert "Request did not match expected format EmptyRequestBody." in response.errors[0]


def test_an_empty_boundary_is_an_internal_error(client: Client) -> None:
    response = upload(client, b"", headers={"Content-Type": "multipart/form-data; boundary="})
    assert response.status == 500
    assert response.errors[0].startswith("Internal server error: Cannot invoke ")
    assert response.header("connection") is None
    assert client.send("GET", "/overview", headers={"Content-Type": "multipart/form-data; boundary="}).status == 200


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (form_part(DISPOSITION + b'; name="jarfile"') + b"--b--", 400, "Received unknown attribute jarfile."),
        (
            file_part(b"a.jar") + form_part(DISPOSITION + b'; name="extra"') + b"--b--",
            400,
            "Received unknown attribute extra.",
        ),
        (form_part(DISPOSITION + b'; name="Request"', b"{}") + b"--b--", 400, "Received unknown attribute Request."),
        (form_part(DISPOSITION + b'; name=""; filename="a.jar"') + b"--b--", 500, "File upload failed."),
        (form_part(DISPOSITION + b'; name="f"; filename=""') + b"--b--", 500, "File upload failed."),
        (form_part(DISPOSITION) + b"--b--", 500, "File upload failed."),
        (
            form_part(DISPOSITION + b"; name=f; filename=a\r\nContent-Length: 1", b"x.") + b"--b",
            500,
            "File upload failed.",
        ),
        (
            form_part(DISPOSITION + b"; name=f; filename=a\r\nContent-Length: 1", b"x.\n--other--"),
            500,
            "File upload failed.",
        ),
        (form_part(b"Content-Disposition: attachment; filename=a.jar") + b"--b--", 500, "File upload failed."),
        (
            form_part(DISPOSITION + b"; name=f; filename=a\r\nContent-Transfer-Encoding: base64") + b"--b--",
            500,
            "File upload failed.",
        ),
    ],
)
def test_invalid_forms_are_rejected(client: Client, body: bytes, status: int, text: str) -> None:
    response = upload(client, body)
    assert (response.status, response.errors) == (status, [text])
    assert response.header("access-control-allow-origin") is None
    assert client.engine.calls == []


@pytest.mark.parametrize(("preamble", "files"), [(b"\r\n", [("a.jar", b"x")]), (b"preamble\r\n", []), (b"p", [])])
def test_text_before_the_first_part_hides_all_parts_in_1_12(
    serve: Callable[..., Client], preamble: bytes, files: list[tuple[str, bytes]]
) -> None:
    client = serve(flink="1.12")
    upload(client, preamble + file_part(b"a.jar") + b"--b--")
    assert list(client.engine.last_call.files) == files


def test_the_part_named_request_is_the_json_body(client: Client) -> None:
    body = form_part(DISPOSITION + b'; name="request"', b'{"executionPlanFileName": "p"}') + file_part(b"p") + b"--b--"
    assert upload(client, body, "/jobs").status == 202
    assert client.engine.last_call.body == {"executionPlanFileName": "p"}
    assert client.engine.last_call.files == (("p", b"x"),)


@pytest.mark.parametrize(
    ("release", "savepoints_error", "overview_error"),
    [
        ("2.3", (400, "File upload not allowed"), (400, "POST request not allowed")),
        ("1.19", (400, "File upload not allowed"), (400, "POST request not allowed")),
        ("1.18", (400, "RestHandlerException: File uploads not allowed."), (404, "Not found: /overview")),
        ("1.12", (400, "RestHandlerException: File uploads not allowed."), (404, "Not found.")),
    ],
)
def test_operations_without_uploads_reject_files(
    serve: Callable[..., Client], release: str, savepoints_error: tuple[int, str], overview_error: tuple[int, str]
) -> None:
    client = serve(flink=release)
    body = file_part(b"a.jar") + b"--b--"
    errors_by_path = {f"/jobs/{'0' * 32}/savepoints": savepoints_error, "/overview": overview_error}
    for path, (status, text) in errors_by_path.items():
        response = upload(client, body, path)
        assert response.status == status
        assert response.errors[0].split("\n")[0].endswith(text)
    assert client.engine.calls == []


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/jars/%2Fx.jar/plan?entry-class=a", 404, "Not found: /jars/%2Fx.jar/plan?entry-class=a"),
        ("/jars%2Fupload", 400, "POST request not allowed"),
    ],
)
def test_a_path_is_decoded_only_once_to_check_whether_it_takes_forms(
    client: Client, path: str, status: int, text: str
) -> None:
    """Observed on 2.3.0."""
    response = upload(client, b"", path)
    assert (response.status, response.errors) == (status, [text])


def test_uploaded_files_are_removed(client: Client) -> None:
    def folders() -> set[Path]:
        return set(new_path("upload").parent.glob("upload-*"))

    paths: list[Path] = []

    def keep_paths(call: RestCall) -> Payload:
        paths.extend(file.path for file in call.files)
        assert all(file.path.exists() for file in call.files)
        return {}

    client.engine.handler = keep_paths
    folders_before = folders()
    upload(client, file_part(b"a.jar") + b"--b--")
    upload(client, file_part(b"a.jar") + form_part(DISPOSITION + b'; name="extra"') + b"--b--")
    assert paths and not any(path.exists() for path in paths)
    assert folders() <= folders_before


def test_the_size_of_bodies_is_limited_except_for_forms(serve: Callable[..., Client]) -> None:
    client = serve(configuration={"rest.server.max-content-length": "1000"})
    body = file_part(b"a.jar", b"x" * 2000) + b"--b--"
    response = upload(client, body, headers={})
    assert (response.status, response.body, response.header("content-type")) == (413, b"", None)
    assert response.header("access-control-allow-origin") is None
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    assert client.send("POST", "/jars/upload", chunked, {"Transfer-Encoding": "chunked"}).status == 413
    assert client.engine.calls == []
    # 2.3.0 with a limit of 20 MB accepts a form of 30 MB, because FileUploadHandler precedes HttpObjectAggregator
    assert upload(client, body, headers=FORM_HEADERS).status == 200
    assert client.send("POST", "/jars/upload", chunked, {**FORM_HEADERS, "Transfer-Encoding": "chunked"}).status == 200
