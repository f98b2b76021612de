"""The scenarios and the job templates that flinkmock contains."""

from __future__ import annotations

from functools import cache
from itertools import dropwhile, takewhile
from typing import TYPE_CHECKING

from flinkmock.data_files import data_dir
from flinkmock.scenario.load import built_in_document
from flinkmock.scenario.scenario import Scenario

if TYPE_CHECKING:
    from flinkmock.cluster.cluster_spec import ClusterSpec


@cache
def built_in_scenarios() -> dict[str, str]:
    """Return the descriptions of the scenarios by file name. A description is the comment at the start of a file."""
    return {file.name: _description(file.read_text("utf-8")) for file in sorted(data_dir("scenarios").glob("*.yaml"))}


def _description(text: str) -> str:
    lines = dropwhile(lambda line: line.startswith("# yaml-language-server"), text.splitlines())
    comment = takewhile(lambda line: line.startswith("#"), lines)
    return " ".join(line.lstrip("# ") for line in comment)


def template_names(spec: ClusterSpec) -> list[str]:
    """Return the names of the templates that a job of this scenario can extend: its own, then the built-in ones."""
    own = spec.document.items_of("templates") if isinstance(spec, Scenario) and spec.document is not None else {}
    return list(dict.fromkeys([*own, *built_in_document("default").items_of("templates")]))
