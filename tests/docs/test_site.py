"""The documentation site is built without a warning: navigation, links, anchors, and the generated pages."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("material") is None, reason="mkdocs-material is missing (the extra docs)")
def test_the_site_is_built_without_warnings(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    build = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (build.returncode, build.stderr) == (0, "")
    for page in ("index", "how-to/leader-change", "reference/cli", "reference/python-api", "reference/control-api",
                 "reference/operations", "reference/releases", "repository/CONTRIBUTING",
                 "repository/clients/go/index"):  # fmt: skip
        assert (tmp_path / f"{page}.html").is_file(), page
