"""From a scenario file to the values that a cluster plays."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from flinkmock.cluster.spec import ClusterSpec, JobSpec, Submission
from flinkmock.scenario import schema
from flinkmock.scenario.amounts import whole
from flinkmock.scenario.causes import Causes
from flinkmock.scenario.document import MAX_CHARACTERS, Node, from_mapping, from_yaml
from flinkmock.scenario.inheritance import Templates
from flinkmock.scenario.jobs import JobReader, read_operations
from flinkmock.scenario.mistakes import Mistakes, Place

INLINE = "<scenario>"
"""What a scenario that is no file is called in messages."""


def load_scenario(source: str | Path | Mapping[str, object] | None = None) -> ClusterSpec:
    """Reads a scenario.

    Args:
        source: a path, or text that ends in `.yaml` or `.yml`, is a file; other text is YAML; a mapping is what YAML
            would have given. None and an empty document are a working cluster without jobs.

    Raises:
        ScenarioError: with all mistakes of the scenario at once.
    """
    mistakes = Mistakes()
    document = _document(source, mistakes)
    if not isinstance(document.value, dict):
        schema.check(document, mistakes)
        mistakes.check()
    spec = _cluster(document, _broken(schema.check(document, mistakes)), mistakes)
    mistakes.check()
    return spec


def _document(source: str | Path | Mapping[str, object] | None, mistakes: Mistakes) -> Node:
    if source is None:
        return from_yaml("", INLINE, mistakes)
    if isinstance(source, Mapping):
        return from_mapping(source, INLINE, mistakes)
    if isinstance(source, Path) or ("\n" not in source and source.endswith((".yaml", ".yml"))):
        return from_yaml(_text_of(Path(source), mistakes), str(source), mistakes)
    return from_yaml(source, INLINE, mistakes)


def _text_of(file: Path, mistakes: Mistakes) -> str:
    try:
        with file.open("rb") as stream:
            # one byte more than is allowed shows that there is too much, however large the file is
            return stream.read(MAX_CHARACTERS * 4 + 1).decode("utf-8-sig")
    except FileNotFoundError:
        mistakes.stop(Place(str(file)), "there is no such file.")
    except OSError as error:
        mistakes.stop(Place(str(file)), f"this can't be read: {error.strerror}.")
    except ValueError as error:
        mistakes.stop(Place(str(file)), f"this is not UTF-8: {getattr(error, 'reason', error)}.")


@cache
def _built_in() -> Node:
    text = files(__package__).joinpath("templates.yaml").read_text("utf-8")
    return from_yaml(text, "built in", Mistakes())


def _broken(paths: set[tuple[str | int, ...]]) -> dict[str, set[str]]:
    """Section -> the entries that the schema refuses. They are passed over when references are looked at, so that
    one mistake is told once and the mistakes of other entries are told as well. "*" is the whole section."""
    broken: dict[str, set[str]] = {}
    for path in paths:
        if path:
            broken.setdefault(str(path[0]), set()).add(str(path[1]) if len(path) > 1 else "*")
    return broken


def _cluster(document: Node, broken: dict[str, set[str]], mistakes: Mistakes) -> ClusterSpec:
    def section(key: str) -> dict[str, Node]:
        bad = broken.get(key, set())
        return {} if "*" in bad else {name: node for name, node in _entries(document, key).items() if name not in bad}

    def value(key: str) -> Node | None:
        return None if key in broken else document.get(key)

    built_in = _built_in()
    given = section("cluster")
    causes = Causes(_entries(document, "causes"), broken.get("causes", set()), mistakes)
    causes.check()
    operations = read_operations(section("operations"), {}, causes, mistakes)
    configuration = _configuration(given)
    scheduler = "adaptive" if (configuration.get("jobmanager.scheduler") or "").lower() == "adaptive" else "default"
    templates = Templates(_entries(document, "templates"), built_in.items["templates"].items, mistakes)
    reader = JobReader(templates, causes, operations, scheduler, mistakes)

    def jobs(of: str, entries: dict[str, Node], named: bool) -> dict[str, JobSpec]:
        sound = {name: node for name, node in entries.items() if templates.sound(node, broken.get("templates", ()))}
        return {name: reader.read(node, f"{of}.{name}", name if named else None) for name, node in sound.items()}

    jobs("templates", section("templates"), named=True)
    rules = {**(submitted := section("submitted")), **{
        pattern: node for pattern, node in built_in.items["submitted"].items.items() if pattern not in submitted
    }}  # fmt: skip
    seed, flink, clock, caches = value("seed"), value("flink"), value("clock"), given.get("caches")
    usual = ClusterSpec()
    return ClusterSpec(
        flink=flink.text if flink else usual.flink,
        seed=whole(seed, usual.seed),
        clock=clock.text if clock else usual.clock,
        task_managers=whole(given.get("taskmanagers"), usual.task_managers),
        slots=whole(given.get("slots"), usual.slots),
        configuration=configuration,
        jobs=tuple(jobs("jobs", section("jobs"), named=True).values()),
        submissions=tuple(Submission(*rule) for rule in jobs("submitted", rules, named=False).items()),
        operations=operations,
        caches=bool(caches.value) if caches else usual.caches,
    )


def _configuration(cluster: dict[str, Node]) -> dict[str, str | None]:
    config = cluster.get("config")
    if config is None:
        return {}
    return {key: None if node.value is None else node.text for key, node in config.items.items()}


def _entries(document: Node, key: str) -> dict[str, Node]:
    found = document.get(key)
    return found.items if found is not None else {}
