"""From what a scenario is given as to one document: files are read, and those that they extend merged in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TypeGuard

from flinkmock.data import data_dir
from flinkmock.scenario.diagnostics import Diagnostics, SourceLocation
from flinkmock.scenario.document import MAX_CHARACTERS, YamlNode, from_mapping, from_yaml
from flinkmock.scenario.templates import merged

INLINE = "<scenario>"
"""What a scenario that is no file is called in messages."""
Source = str | Path | Mapping[str, object]


def read(source: Source | None, mistakes: Diagnostics) -> tuple[YamlNode, tuple[Path, ...]]:
    """The document with all that it takes over from other files, and those files, its own first. Raises ScenarioError
    for what can't be read."""
    if source is None:
        return from_yaml("", INLINE, mistakes), ()
    if isinstance(source, Mapping):
        return _complete(from_mapping(source, INLINE, mistakes), Path(), (), mistakes)
    if names_file(source):
        place = SourceLocation(str(source))
        file = found(source, (Path(),), place, mistakes)
        document = from_yaml(_text_of(file, place, mistakes), place.file, mistakes)
        return _complete(document, file.parent, (file,), mistakes)
    if not isinstance(source, str):
        mistakes.stop(SourceLocation(INLINE), f"a scenario is a file's name, YAML text or a mapping, not {source!r}.")
    document = from_yaml(source, INLINE, mistakes)
    if isinstance(document.value, str):
        mistakes.stop(document.place, "a scenario is a mapping, and the name of a file ends in .yaml or .yml.")
    return _complete(document, Path(), (), mistakes)


def found(
    name: str | Path, folders: Sequence[Path], place: SourceLocation, mistakes: Diagnostics, told: str = ""
) -> Path:
    """The first file of that name in one of the `folders`, else among flinkmock's own scenarios. Raises ScenarioError,
    which tells at `place`, behind what is `told` there, where was looked."""
    if Path(name).is_absolute():
        return Path(name)
    own = data_dir("scenarios")
    for folder in (*folders, own):
        if not _nowhere(file := folder / name):
            return file
    close = get_close_matches(Path(name).stem, [file.stem for file in own.glob("*.yaml")], n=1)
    hint = f' Did you mean "{close[0]}.yaml"?' if close else ""
    places = ", ".join(map(str, dict.fromkeys(folder.resolve() for folder in folders)))
    mistakes.stop(place, f"{told}there is no such file in {places}, nor among flinkmock's own scenarios.{hint}")


def _nowhere(file: Path) -> bool:
    try:
        file.stat()
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        pass  # what is wrong with it is told when it is read
    return False


def names_file(source: object) -> TypeGuard[str | Path]:
    """Whether this is a file's name, and not what stands in one."""
    in_words = isinstance(source, str) and "\n" not in source and source.endswith((".yaml", ".yml"))
    return in_words or isinstance(source, Path)


def _complete(
    document: YamlNode, folder: Path, above: tuple[Path, ...], mistakes: Diagnostics
) -> tuple[YamlNode, tuple[Path, ...]]:
    """The document laid on the one that it extends, whose path is meant from the `folder` of this one; and all files
    that were read for it."""
    word = document.get("extends")
    if word is None or not isinstance(word.value, str):
        return document, above
    file = found(word.value, (folder,), word.place, mistakes, f"{word.value}: ")
    text = _text_of(file, word.place, mistakes, f"{file}: ")
    if any(file.resolve() == other.resolve() for other in above):
        way = " extends ".join(map(str, (*above, file)))
        mistakes.stop(word.place, f"this file extends itself in the end: {way}.")
    base = from_yaml(text, str(file), mistakes)
    if not isinstance(base.value, dict):
        mistakes.stop(word.place, f"{file} is no scenario: a scenario is a mapping.")
    base, files = _complete(base, file.parent, (*above, file), mistakes)
    return merged(document, base), files


def _text_of(file: Path, place: SourceLocation, mistakes: Diagnostics, told: str = "") -> str:
    """The file's text. What is wrong with it is told at `place`, behind what is `told` there."""
    try:
        with file.open("rb") as stream:
            # one byte more than is allowed shows that there is too much, however large the file is
            return stream.read(MAX_CHARACTERS * 4 + 1).decode("utf-8-sig")
    except FileNotFoundError:
        wrong = "there is no such file."
    except UnicodeDecodeError as error:
        wrong = f"this is not UTF-8: {error.reason}."
    except (OSError, ValueError) as error:  # a ValueError: no file has such a name
        wrong = f"this can't be read: {getattr(error, 'strerror', error)}."
    mistakes.stop(place, told + wrong)  # out here, so that a test's report is not about how we came to know
