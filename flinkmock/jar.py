"""A minimal jar for tests."""

from __future__ import annotations

import io
import zipfile


def small_jar(entry_class: str = "org.example.Tour") -> bytes:
    """Return a jar that contains only a manifest with a main class. A fake cluster can run it."""
    jar = io.BytesIO()
    with zipfile.ZipFile(jar, "w") as archive:
        manifest = zipfile.ZipInfo("META-INF/MANIFEST.MF")  # dated 1980, so that the bytes are always equal
        archive.writestr(manifest, f"Manifest-Version: 1.0\r\nMain-Class: {entry_class}\r\n\r\n")
    return jar.getvalue()
