"""The error messages in findings are one line long, without ids."""

from __future__ import annotations

import json

import pytest

from flinkmock.conformance.http_client import HttpResponse
from flinkmock.conformance.response_check import error_message


@pytest.mark.parametrize(
    ("errors", "message"),
    [
        (["Not found: /nope"], "Not found: /nope"),
        (["Internal server error.", "<Exception on server side:\na.B: gone\n\tat c.D\n"], "a.B: gone"),
        (["Job 317c85711bba4188e117fddefd8dc49c not found"], "Job … not found"),
        (["word " * 40], "word " * 31 + "word …"),
        (["x" * 200], "x" * 160 + " …"),
        ([], ""),
    ],
)
def test_an_error_message_is_a_line_of_the_last_error(errors: list[str], message: str) -> None:
    assert error_message(HttpResponse(500, {}, json.dumps({"errors": errors}).encode())) == message
