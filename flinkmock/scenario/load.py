"""From a scenario file to the values that a cluster plays."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from flinkmock.cluster.spec import ClusterSpec, JobSpec, SubmissionRule
from flinkmock.cluster.states import scheduler_of
from flinkmock.contract.contract import known_releases
from flinkmock.errors import UnknownRelease
from flinkmock.faults import Fault
from flinkmock.flink.java_exception import JavaException
from flinkmock.scenario import files, schema
from flinkmock.scenario.clusters import ClusterReader
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode, from_yaml
from flinkmock.scenario.exceptions import Causes
from flinkmock.scenario.expect import ExpectReader
from flinkmock.scenario.faults import FaultReader
from flinkmock.scenario.jobs import JobReader, read_operations
from flinkmock.scenario.quantities import whole
from flinkmock.scenario.request_patterns import RequestReader
from flinkmock.scenario.scenario import Scenario
from flinkmock.scenario.templates import Templates, complete, merged


def load_scenario(source: files.Source | None = None) -> Scenario:
    """Reads a scenario.

    Args:
        source: a path, or text that ends in `.yaml` or `.yml`, is a file; other text is YAML; a mapping is what YAML
            would have given. None and an empty document are a working cluster without jobs. What a scenario `extends`
            is a path from its own folder, or from where we are if it is no file. Files that are not there are looked
            for among flinkmock's own scenarios ("crash-loop.yaml").

    Raises:
        ScenarioError: with all mistakes of the scenario at once.
    """
    return read_scenario(source)[0]


def read_scenario(source: files.Source | None) -> tuple[Scenario, YamlNode]:
    """The same, and the document that it was read from, for those who have to point at a place in it. Raises as
    `load_scenario`."""
    mistakes = Diagnostics()
    document, read = files.read(source, mistakes)
    if not isinstance(document.value, dict):
        schema.check(document, mistakes)
        mistakes.check()
    spec = _cluster(document, _broken(schema.check(document, mistakes)), mistakes)
    mistakes.check()
    return dataclasses.replace(spec, files=read, document=document), document


def whole_job(document: YamlNode, job: YamlNode) -> YamlNode:
    """A job, or a rule of `submitted`, of a sound document with everything that it takes over from templates."""
    cluster = ClusterReader(_entries(document, "cluster"), None, Diagnostics())
    return complete(_templates(document, cluster.scheduler, Diagnostics()), cluster.scheduler, job)[0]


def load_job(spec: ClusterSpec, name: str, definition: Mapping[str, object]) -> JobSpec:
    """Reads one more job of a scenario.

    Args:
        spec: The scenario, with its templates, exceptions and operations.
        name: The name of the job, unless the definition has one.
        definition: The keys of a job in the language of scenarios.

    Raises:
        ScenarioError: The definition has mistakes.
    """
    mistakes = Diagnostics()
    document = files.read({"jobs": {name: definition}}, mistakes)[0]
    schema.check(document, mistakes)
    mistakes.check()
    if isinstance(spec, Scenario) and spec.document is not None:
        kept = {key: node for key, node in spec.document.items.items() if key in _SHARED_BY_JOBS}
        document = dataclasses.replace(document, value={**kept, **document.items})
    job = _cluster(document, {}, mistakes).jobs
    mistakes.check()
    return job[0]


_SHARED_BY_JOBS = frozenset({"flink", "cluster", "templates", "exceptions", "operations"})


def load_exception(definition: Mapping[str, object]) -> JavaException:
    """Reads an exception as scenarios write it, with `class`, `message`, `cause` and `stack-trace`.

    Raises:
        ScenarioError: It has mistakes.
    """
    mistakes = Diagnostics()
    document, _ = files.read({"exceptions": {"exception": definition}}, mistakes)
    schema.check(document, mistakes)
    mistakes.check()
    exceptions = Causes(_entries(document, "exceptions"), set(), mistakes)
    found = exceptions.throwable(document.items["exceptions"].items["exception"])
    mistakes.check()
    assert found is not None
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class FaultConfig:
    """What of a scenario can be laid over a live cluster. `passed_over`: its sections that can't."""

    faults: tuple[Fault, ...]
    seed: int
    passed_over: tuple[str, ...] = ()


def load_faults(source: files.Source, flink: str) -> FaultConfig:
    """Reads the faults of a scenario that are to strike in front of a live cluster of the release `flink`, whose jobs
    may have any name; `source` as for `load_scenario`.

    Raises:
        ScenarioError: with all mistakes of the faults, and all that the schema has to say of the rest.
    """
    mistakes = Diagnostics()
    document, _ = files.read(source, mistakes)
    schema.check(document, mistakes)
    mistakes.check()
    nodes, seed = document.get("faults"), document.get("seed")
    faults = FaultReader(RequestReader(flink, mistakes), None, mistakes).read(nodes.elements if nodes else [])
    mistakes.check()
    others = document.items.keys() - {"$schema", "extends", "name", "seed", "faults"}
    return FaultConfig(faults, whole(seed, ClusterSpec().seed), tuple(sorted(others)))


@cache
def _built_in(scheduler: str) -> YamlNode:
    """What a scenario has without saying it, under the "default" or the "adaptive" scheduler."""

    def read(name: str) -> YamlNode:
        return from_yaml(resources.files(__package__).joinpath(name).read_text("utf-8"), "built in", Diagnostics())

    usual = read("templates.yaml")
    return merged(read("templates-adaptive.yaml"), usual) if scheduler == "adaptive" else usual


def _templates(document: YamlNode, configured: str | None, mistakes: Diagnostics) -> dict[str, Templates]:
    """By scheduler: the default one has some jobs in each cluster."""
    own = _entries(document, "templates")
    return {
        scheduler: Templates(own, _built_in(scheduler).items["templates"].items, mistakes)
        for scheduler in ("default", scheduler_of(configured, "STREAMING"))
    }


def _broken(paths: set[tuple[str | int, ...]]) -> dict[str, set[str]]:
    """Section -> the entries that the schema refuses. They are passed over when references are looked at, so that
    one mistake is told once and the mistakes of other entries are told as well. "*" is the whole section."""
    broken: dict[str, set[str]] = {}
    for path in paths:
        if path:
            broken.setdefault(str(path[0]), set()).add(str(path[1]) if len(path) > 1 else "*")
    return broken


def _cluster(document: YamlNode, broken: dict[str, set[str]], mistakes: Diagnostics) -> Scenario:
    def section(key: str) -> dict[str, YamlNode]:
        bad = broken.get(key, set())
        return {} if "*" in bad else {name: node for name, node in _entries(document, key).items() if name not in bad}

    def value(key: str) -> YamlNode | None:
        return None if key in broken else document.get(key)

    def elements(key: str) -> list[YamlNode]:
        bad, found = broken.get(key, set()), document.get(key)
        return [node for i, node in enumerate(found.elements) if not bad & {"*", str(i)}] if found is not None else []

    causes = Causes(_entries(document, "exceptions"), broken.get("exceptions", set()), mistakes)
    causes.check()
    given = section("operations")
    cluster = ClusterReader(section("cluster"), given.pop("result-ttl", None), mistakes)
    operations = read_operations(given, {}, causes, mistakes)
    templates = _templates(document, cluster.scheduler, mistakes)
    reader = JobReader(templates, causes, operations, cluster.scheduler, mistakes)

    def jobs(of: str, entries: dict[str, YamlNode], named: bool) -> dict[str, JobSpec]:
        bad = broken.get("templates", ())
        sound = {name: node for name, node in entries.items() if templates["default"].sound(node, bad)}
        return {name: reader.read(node, f"{of}.{name}", name if named else None) for name, node in sound.items()}

    jobs("templates", section("templates"), named=True)
    built_in = _built_in("default").items["submitted"].items
    rules = {**(submitted := section("submitted")), **{
        pattern: node for pattern, node in built_in.items() if pattern not in submitted
    }}  # fmt: skip
    seed, flink, clock = value("seed"), value("flink"), value("clock")
    if flink is not None and flink.text not in known_releases():
        mistakes.add(flink.place, str(UnknownRelease(flink.text, known_releases())))
    usual = ClusterSpec()
    requests = RequestReader(flink.text if flink else None, mistakes)
    started = tuple(jobs("jobs", section("jobs"), named=True).values())
    submissions = tuple(SubmissionRule(*rule) for rule in jobs("submitted", rules, named=False).items())
    return Scenario(
        flink=flink.text if flink else usual.flink,
        seed=whole(seed, usual.seed),
        clock=clock.text if clock else usual.clock,
        jobmanagers=cluster.jobmanagers(),
        leader_changes=cluster.leader_changes(),
        taskmanagers=cluster.taskmanagers(),
        taskmanager_events=cluster.events(),
        slots=cluster.slots(),
        configuration=cluster.configuration(),
        savepoints=cluster.savepoints(),
        jobs=started,
        submissions=submissions,
        operations=operations,
        caches=cluster.caches(),
        faults=FaultReader(requests, _job_names(started, submissions), mistakes).read(elements("faults")),
        expect=ExpectReader(requests, mistakes).read(elements("expect")),
    )


def _job_names(jobs: Iterable[JobSpec], submissions: Iterable[SubmissionRule]) -> list[str] | None:
    """What jobs can be called; None if an argument of a program decides it."""
    specs = [*jobs, *(submission.job for submission in submissions)]
    if any("name" in fields for spec in specs for fields in spec.program.arguments.values()):
        return None
    return list(dict.fromkeys(spec.name for spec in specs))


def _entries(document: YamlNode, key: str) -> dict[str, YamlNode]:
    found = document.get(key)
    return found.items if found is not None else {}
