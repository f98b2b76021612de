"""Writes schemas/documented.json from the REST API pages of Flink's documentation.

    python -m tests.docs.documented_pages FOLDER

FOLDER has a page for each release: 1.20.html, 2.3.html, … In Flink's repository a page is
docs/layouts/shortcodes/generated/rest_v1_dispatcher.html; before 1.13 it was in docs/_includes/generated/. Only the
operations and schemas are stored. Those that several releases share are stored once: each release has the indexes of
its entries.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from flinkmock.contract.importing import contract_from_description
from flinkmock.data_files import data_dir


def main(folder: Path) -> None:
    index_by_entry: dict[str, int] = {}

    def index(entry: Any) -> int:
        text = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
        return index_by_entry.setdefault(text, len(index_by_entry))

    releases: dict[str, Any] = {}
    for file in sorted(folder.glob("*.html"), key=lambda file: tuple(map(int, file.stem.split(".")))):
        document = contract_from_description(file.read_text(encoding="utf-8"), f"{file.stem}.0").document
        releases[file.stem] = {
            "operations": [index(operation) for operation in document["operations"]],
            "$defs": {name: index(schema) for name, schema in document["$defs"].items()},
        }
    if not releases:
        sys.exit(f"{folder} has no page of a release, such as 2.3.html")
    entries = ",\n".join(index_by_entry)
    pages = ",\n".join(f'"{minor}":{json.dumps(page, separators=(",", ":"))}' for minor, page in releases.items())
    text = f'{{"releases":{{\n{pages}\n}},\n"entries":[\n{entries}\n]}}\n'
    (data_dir("schemas") / "documented.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
