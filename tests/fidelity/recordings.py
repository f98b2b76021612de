"""Recordings on disk: one file for each suite, {"meta": …, "steps": […]}, as JSON or gzipped JSON."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RECORDINGS = Path(__file__).parent.parent / "recordings"
"""The recordings of real clusters: VERSION/SUITE.json.gz."""

Steps = list[dict[str, Any]]


def load(path: Path) -> Steps:
    raw = path.read_bytes()
    steps: Steps = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)["steps"]
    return steps


def save(path: Path, meta: dict[str, Any], steps: Steps) -> None:
    """Write a recording. Equal recordings give equal files, because the gzip header contains no time."""
    raw = (json.dumps({"meta": meta, "steps": steps}, indent=1, ensure_ascii=False) + "\n").encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(raw, mtime=0) if path.suffix == ".gz" else raw)


def replace_paths(steps: Steps, replacement_by_path: Mapping[str, str]) -> Steps:
    """Replace paths of the machine on which a recording was made."""
    text = json.dumps(steps)
    for path, replacement in replacement_by_path.items():
        text = text.replace(json.dumps(path)[1:-1], replacement)
    replaced: Steps = json.loads(text)
    return replaced


def suite_paths(folder: Path) -> dict[str, Path]:
    """Return the paths of the recordings in a folder by the names of their suites."""
    paths = sorted(folder.glob("*.json")) + sorted(folder.glob("*.json.gz"))
    return {path.name.partition(".")[0]: path for path in paths}
