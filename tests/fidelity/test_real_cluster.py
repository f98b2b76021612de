"""The processes of a real cluster start with relative paths, too. A script takes the place of Java."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fidelity.real_cluster import Launcher


def test_relative_paths_of_flink_and_java_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("flink/lib", "flink/bin", "cluster/log", "cluster/tmp"):
        Path(name).mkdir(parents=True)
    Path("flink/lib/flink-dist.jar").touch()
    Path("java").write_text('#!/bin/sh\necho "$FLINK_LIB_DIR" "$@"\n')
    Path("java").chmod(0o755)

    assert Launcher(Path("flink"), "./java", Path("cluster")).start("jm", "Main").wait() == 0

    words = Path("cluster/log/flink-jm.out").read_text().split()
    libraries = tmp_path / "flink" / "lib"
    assert words[0] == str(libraries)
    assert words[words.index("-cp") + 1] == str(libraries / "flink-dist.jar")
    assert words[words.index("--configDir") + 1] == str(tmp_path / "cluster" / "conf")
