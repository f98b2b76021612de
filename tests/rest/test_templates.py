"""Response templates: only the values that depend on the time differ between responses."""

from __future__ import annotations

from typing import Any

import pytest

from flinkmock.rest.templates import Template, make_template

HEAD_START, CLOSING_HEAD_START = b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nconnection: close\r\n"
"""The beginnings of two heads: the connection stays open after the first response, and is closed after the second."""


def template_of(*shifts: int) -> Template:
    """Return the template of a list of times, each of which lies one of the shifts (ms) before the moment."""

    def body(moment: Any) -> str:
        times = ",".join(f"{moment - shift}" for shift in shifts)
        return f"[{times}]"

    template = make_template(body, 1_000, 0)
    assert template is not None
    return template


@pytest.mark.parametrize(("shifts", "body"), [((1, 1, 1), b"[1004,1004,1004]"), ((1, 2, 1), b"[1004,1003,1004]")])
def test_all_values_are_filled_in(shifts: tuple[int, ...], body: bytes) -> None:
    template = template_of(*shifts)
    response, body_size = template.response_and_size(HEAD_START, 1_005)
    assert response == b"%bcontent-length: %d\r\n\r\n%b" % (HEAD_START, body_size, body)
    assert body_size == len(body)
    assert template.body(1_005) == body


@pytest.mark.parametrize("shifts", [(1, 1), (1, 2)])
def test_each_response_has_its_own_head(shifts: tuple[int, ...]) -> None:
    template = template_of(*shifts)
    first, _ = template.response_and_size(HEAD_START, 9_000)
    longer, body_size = template.response_and_size(CLOSING_HEAD_START, 12_000)
    assert longer == b"%bcontent-length: %d\r\n\r\n%b" % (CLOSING_HEAD_START, body_size, template.body(12_000))
    assert template.response_and_size(HEAD_START, 9_000)[0] == first
