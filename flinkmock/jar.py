"""A jar for tests that have none."""

from __future__ import annotations

import io
import zipfile


def small_jar(entry_class: str = "org.example.Tour") -> bytes:
    """A jar with a main class in its manifest and nothing else: enough for a fake cluster to run it."""
    jar = io.BytesIO()
    with zipfile.ZipFile(jar, "w") as archive:
        manifest = zipfile.ZipInfo("META-INF/MANIFEST.MF")  # dated 1980 and not now: equal bytes each time
        archive.writestr(manifest, f"Manifest-Version: 1.0\r\nMain-Class: {entry_class}\r\n\r\n")
    return jar.getvalue()
