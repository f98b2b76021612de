"""docs/documented.md is up to date with the recordings."""

from pathlib import Path

from tests.docs.documented import document

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_the_page_is_up_to_date() -> None:
    assert (DOCS / "documented.md").read_text(encoding="utf-8") == document()
