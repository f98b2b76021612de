"""docs/documented.md is up to date with the recordings."""

from pathlib import Path

import pytest

from flinkmock import FlinkMockError
from flinkmock.conformance.documentation import _page, documented_contract
from tests.docs.documented import document

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_the_page_is_up_to_date() -> None:
    assert (DOCS / "documented.md").read_text(encoding="utf-8") == document()


def test_every_version_of_a_documented_release_has_a_contract() -> None:
    contract = documented_contract("documented", "1.15.4")
    assert (contract.release.version, len(list(contract))) == ("1.15.4", 59)


def test_a_release_without_a_page_is_reported() -> None:
    with pytest.raises(FlinkMockError, match=r"does not have the documentation of Flink 2.4\. Save the page"):
        _page("2.4")
