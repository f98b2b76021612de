"""From what a scenario is given as to one document: files are read, and those that they extend merged in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flinkmock.scenario.document import MAX_CHARACTERS, Node, from_mapping, from_yaml
from flinkmock.scenario.inheritance import merged
from flinkmock.scenario.mistakes import Mistakes, Place

INLINE = "<scenario>"
"""What a scenario that is no file is called in messages."""
Source = str | Path | Mapping[str, object]


def read(source: Source | None, mistakes: Mistakes) -> tuple[Node, tuple[Path, ...]]:
    """The document with all that it takes over from other files, and those files, its own first. Raises ScenarioError
    for what can't be read."""
    if source is None:
        return from_yaml("", INLINE, mistakes), ()
    if isinstance(source, Mapping):
        return _complete(from_mapping(source, INLINE, mistakes), Path(), (), mistakes)
    if isinstance(source, Path) or ("\n" not in source and source.endswith((".yaml", ".yml"))):
        file = Path(source)
        document = from_yaml(_text_of(file, Place(str(file)), mistakes), str(source), mistakes)
        return _complete(document, file.parent, (file,), mistakes)
    return _complete(from_yaml(source, INLINE, mistakes), Path(), (), mistakes)


def _complete(
    document: Node, folder: Path, above: tuple[Path, ...], mistakes: Mistakes
) -> tuple[Node, tuple[Path, ...]]:
    """The document laid on the one that it extends, whose path is meant from the `folder` of this one; and all files
    that were read for it."""
    word = document.get("extends")
    if word is None or not isinstance(word.value, str):
        return document, above
    file = folder / word.value
    text = _text_of(file, word.place, mistakes, str(file))
    if any(file.resolve() == other.resolve() for other in above):
        way = " extends ".join(map(str, (*above, file)))
        mistakes.stop(word.place, f"this file extends itself in the end: {way}.")
    base = from_yaml(text, str(file), mistakes)
    if not isinstance(base.value, dict):
        mistakes.stop(word.place, f"{file} is no scenario: a scenario is a mapping.")
    base, files = _complete(base, file.parent, (*above, file), mistakes)
    return merged(document, base), files


def _text_of(file: Path, place: Place, mistakes: Mistakes, name: str = "") -> str:
    """The file's text. What is wrong with it is told at `place`, with the file's `name` if that is another one."""
    name = name and f"{name}: "
    try:
        with file.open("rb") as stream:
            # one byte more than is allowed shows that there is too much, however large the file is
            return stream.read(MAX_CHARACTERS * 4 + 1).decode("utf-8-sig")
    except FileNotFoundError:
        mistakes.stop(place, f"{name}there is no such file.")
    except UnicodeDecodeError as error:
        mistakes.stop(place, f"{name}this is not UTF-8: {error.reason}.")
    except (OSError, ValueError) as error:  # a ValueError: no file has such a name
        mistakes.stop(place, f"{name}this can't be read: {getattr(error, 'strerror', error)}.")
