"""Fixtures that all test modules share."""

from pathlib import Path
from zipfile import ZipFile

import pytest


@pytest.fixture
def jar(tmp_path: Path) -> Path:
    """The jar of the new version, with the manifest that a cluster reads and a name that URLs must encode."""
    path = tmp_path / "orders-2 +10%.jar"
    with ZipFile(path, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nMain-Class: org.example.Orders\r\n\r\n")
    return path
