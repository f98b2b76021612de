"""The release that a server is compared with, by the version that it reports."""

from __future__ import annotations

import pytest

from flinkmock import FlinkMock, check
from flinkmock.cli import main
from flinkmock.conformance import ServerUnreachable
from flinkmock.conformance.server_release import nearest_release
from tests.conformance.tampering_proxy import tampering_proxy


@pytest.mark.parametrize(
    ("version", "minor", "note"),
    [
        ("2.3.0", "2.3", ""),
        ("1.18", "1.18", ""),
        ("1.20-SNAPSHOT", "1.20", "The server is Flink 1.20-SNAPSHOT. It is compared with Apache Flink 1.20."),
        ("1.18.1-csa1", "1.18", "The server is Flink 1.18.1-csa1. It is compared with Apache Flink 1.18."),
        ("1.19.1-amzn-0", "1.19", "The server is Flink 1.19.1-amzn-0. It is compared with Apache Flink 1.19."),
        (
            "2.4-SNAPSHOT",
            "2.3",
            "The server is Flink 2.4-SNAPSHOT, which is unknown. 2.3 is the nearest known release.",
        ),
        ("1.21.0", "1.20", "The server is Flink 1.21.0, which is unknown. 1.20 is the nearest known release."),
        ("1.9.3", "1.12", "The server is Flink 1.9.3, which is unknown. 1.12 is the nearest known release."),
    ],
)
def test_a_version_is_compared_with_the_nearest_release(version: str, minor: str, note: str) -> None:
    release = nearest_release(version)
    assert release is not None
    assert (release.minor, release.note) == (minor, note)


@pytest.mark.parametrize("version", ["", "unknown", "<unknown>", "master"])
def test_text_that_is_not_a_version_has_no_nearest_release(version: str) -> None:
    assert nearest_release(version) is None


def test_a_snapshot_build_is_checked_with_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    with FlinkMock({"cluster": {"version": "2.4-SNAPSHOT"}}, flink="2.3", clock="virtual") as cluster:
        assert main(["check", cluster.url]) == 0
    output = capsys.readouterr().out
    assert output.endswith(
        "\nnotes:\n    The server is Flink 2.4-SNAPSHOT, which is unknown. 2.3 is the nearest known release.\n"
    )


def test_check_fails_for_a_server_with_an_unknown_version() -> None:
    def change_version(status: int, content_type: str, body: bytes) -> tuple[int, str, bytes]:
        return status, content_type, body.replace(b'"flink-version":"2.3.0"', b'"flink-version":"master"')

    with (
        FlinkMock(flink="2.3", clock="virtual") as cluster,
        tampering_proxy(cluster.url, "/config", change_version) as url,
        pytest.raises(ServerUnreachable, match="is Flink master, which is unknown"),
    ):
        check(url)
