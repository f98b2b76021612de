"""Generates pages of the site from the code when the site is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reference import cli, control_api, operations, python_api, releases

PAGES: Mapping[str, Callable[[], str]] = {
    "reference/cli.md": cli.page,
    "reference/control-api.md": control_api.page,
    "reference/operations.md": operations.page,
    "reference/python-api.md": python_api.page,
    "reference/releases.md": releases.page,
}
"""The functions that return the text of the pages, by the path of the page."""
