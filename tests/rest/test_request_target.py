"""Request targets are parsed as in Netty. See docs/flink-behaviour.md#target."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flinkmock.rest.request_target import BadEscape, Target, decode


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/overview", "/overview"),
        ("/over%76iew", "/overview"),
        ("/overview%20", "/overview "),
        ("/overview?x=%20", "/overview"),
        ("/overview#x?y", "/overview"),
        ("/a+b", "/a+b"),
        ("/%C3%A9", "/é"),
        ("/\u00c3\u00a9", "/Ã©"),
        ("/%ff", "/\ufffd"),
        ("http://localhost:8081/overview", "http://localhost:8081/overview"),
    ],
)
def test_paths_are_decoded_once(raw: str, path: str) -> None:
    assert Target.parse(raw).path == path


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("get=a&get=b", {"get": ["a", "b"]}),
        ("get=a;agg=min", {"get": ["a"], "agg": ["min"]}),
        ("get", {"get": [""]}),
        ("get=", {"get": [""]}),
        ("get==x", {"get": ["=x"]}),
        ("==get=x", {"get": ["x"]}),
        ("get=+x%20", {"get": [" x "]}),
        ("a?get=x", {"a?get": ["x"]}),
        ("%67et=x", {"get": ["x"]}),
        ("&&;", {}),
        ("", {}),
        ("get=x#&agg=min", {"get": ["x"]}),
    ],
)
def test_queries_are_parsed(query: str, values: dict[str, list[str]]) -> None:
    assert Target.parse(f"/metrics?{query}").query == values


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("/%", "unterminated escape sequence at index 1 of: /%"),
        ("/overview%zz", "invalid hex byte 'zz' at index 10 of '/overview%zz'"),
        ("/jobs/%/config", "invalid hex byte '/c' at index 7 of '/jobs/%/config'"),
        ("/metrics?get=%zz", "invalid hex byte 'zz' at index 14 of '/metrics?get=%zz'"),
        ("/metrics?unread=%4", "unterminated escape sequence at index 16 of: /metrics?unread=%4"),
        ("/%C3%", "unterminated escape sequence at index 4 of: /%C3%"),
    ],
)
def test_bad_escapes_are_rejected(raw: str, text: str) -> None:
    with pytest.raises(BadEscape) as raised:
        Target.parse(raw)
    assert str(raised.value) == text


@given(st.text(st.characters(codec="utf-8")))
def test_escaped_text_is_decoded(text: str) -> None:
    escaped = "".join(f"%{octet:02x}" for octet in text.encode())
    assert decode(escaped) == text
