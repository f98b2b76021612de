"""Reads a scenario's document from a file, text or a mapping, and merges it with the files that it extends."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TypeGuard

from flinkmock import limits
from flinkmock.data_files import data_dir
from flinkmock.errors import unreadable_message
from flinkmock.scenario.diagnostics import Diagnostics, SourceLocation
from flinkmock.scenario.document import YamlNode, empty_document, parse_mapping, parse_yaml
from flinkmock.scenario.templates import merge

INLINE_NAME = "<scenario>"
"""What messages show instead of a file name if the scenario was not read from a file."""
ScenarioSource = str | Path | Mapping[str, object]


def read_document(source: ScenarioSource | None, diagnostics: Diagnostics) -> tuple[YamlNode, tuple[Path, ...]]:
    """Return the merged document and the files that were read for it, the file of the scenario first.

    Raises:
        ScenarioError: A file is missing, can't be read or is not a scenario, or files extend each other in a circle.
    """
    if source is None:
        return empty_document(INLINE_NAME), ()
    if isinstance(source, Mapping):
        return _with_extended(parse_mapping(source, INLINE_NAME, diagnostics), Path(), (), diagnostics)
    if is_file_name(source):
        location = SourceLocation(str(source))
        file = find_file(source, (Path(),), location, diagnostics)
        document = parse_yaml(_read_text(file, location, diagnostics), location.file, diagnostics)
        return _with_extended(document, file.parent, (file,), diagnostics)
    if not isinstance(source, str):
        diagnostics.fail(
            SourceLocation(INLINE_NAME),
            f"a scenario is a file name, YAML text or a mapping, not {source!r}.",
        )
    document = parse_yaml(source, INLINE_NAME, diagnostics)
    if isinstance(document.value, str):
        diagnostics.fail(document.location, "a scenario is a mapping, and the name of a file ends in .yaml or .yml.")
    return _with_extended(document, Path(), (), diagnostics)


def find_file(
    name: str | Path, folders: Sequence[Path], location: SourceLocation, diagnostics: Diagnostics, prefix: str = ""
) -> Path:
    """Return the first file with this name in `folders`, or else the built-in scenario with this name.

    An absolute path is returned even if there is no such file.

    Args:
        name: The file name or path.
        folders: The folders to search, in this order.
        location: Where the name is written, for the error message.
        diagnostics: Collects the error message.
        prefix: The start of the error message.

    Raises:
        ScenarioError: There is no such file.
    """
    if Path(name).is_absolute():
        return Path(name)
    built_in = data_dir("scenarios")
    for folder in (*folders, built_in):
        if not _is_missing(file := folder / name):
            return file
    similar_names = get_close_matches(Path(name).stem, [file.stem for file in built_in.glob("*.yaml")], n=1)
    hint = f' Did you mean "{similar_names[0]}.yaml"?' if similar_names else " `flinkmock scenario list` lists these."
    searched = ", ".join(map(str, dict.fromkeys(folder.resolve() for folder in folders)))
    diagnostics.fail(location, f"{prefix}file not found in {searched}, or among the built-in scenarios.{hint}")


def _is_missing(file: Path) -> bool:
    try:
        file.stat()
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        pass  # _read_text reports this error
    return False


def is_file_name(source: object) -> TypeGuard[str | Path]:
    """Return whether a source is the name of a file, not the text of a scenario."""
    is_name = isinstance(source, str) and "\n" not in source and source.endswith((".yaml", ".yml"))
    return is_name or isinstance(source, Path)


def _with_extended(
    document: YamlNode, folder: Path, files: tuple[Path, ...], diagnostics: Diagnostics
) -> tuple[YamlNode, tuple[Path, ...]]:
    """Return a document merged with the one that it extends, and all files that were read.

    Args:
        document: The document.
        folder: The folder of the document, to which `extends` is relative.
        files: The files that were read already.
        diagnostics: Collects the mistakes.

    Raises:
        ScenarioError: A file is missing, can't be read or is not a scenario, or files extend each other in a circle.
    """
    extends = document.get("extends")
    if extends is None or not isinstance(extends.value, str):
        return document, files
    file = find_file(extends.value, (folder,), extends.location, diagnostics, f"{extends.value}: ")
    text = _read_text(file, extends.location, diagnostics, f"{file}: ")
    if any(file.resolve() == other.resolve() for other in files):
        chain = " extends ".join(map(str, (*files, file)))
        diagnostics.fail(extends.location, f"circular extends: {chain}.")
    base = parse_yaml(text, str(file), diagnostics)
    if not isinstance(base.value, dict):
        diagnostics.fail(extends.location, f"{file} is not a scenario: a scenario is a mapping.")
    base, files = _with_extended(base, file.parent, (*files, file), diagnostics)
    return merge(document, base), files


def _read_text(file: Path, location: SourceLocation, diagnostics: Diagnostics, prefix: str = "") -> str:
    """Return the text of a file. Errors are reported at `location`, after the `prefix`."""
    try:
        with file.open("rb") as stream:
            # A character has up to 4 bytes. If a file is too large, its beginning is enough to see that.
            decoder = codecs.getincrementaldecoder("utf-8-sig")()
            text = decoder.decode(stream.read(limits.SCENARIO_SIZE * 4 + 1))
            return text if stream.read(1) else text + decoder.decode(b"", final=True)
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a name with a null byte
        problem = unreadable_message(file, error).removeprefix(f"{file}: ")
    diagnostics.fail(location, prefix + problem)  # outside of `except`, so that the traceback has no context
