"""Loads scenarios: converts a file, text or a mapping to a `Scenario`."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path

from flinkmock.cluster.cluster_spec import ClusterSpec, SubmissionRule
from flinkmock.cluster.spec import JobSpec
from flinkmock.cluster.states import scheduler_of
from flinkmock.contract.contract import known_releases
from flinkmock.errors import UnknownRelease
from flinkmock.faults import Drop, Fault, FaultTrigger
from flinkmock.flink.java_exception import JavaException
from flinkmock.garbage_collection import without_garbage_collection
from flinkmock.scenario import schema
from flinkmock.scenario.clusters import ClusterReader
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode, parse_yaml
from flinkmock.scenario.exceptions import ExceptionReader
from flinkmock.scenario.expect import ExpectReader
from flinkmock.scenario.faults import FaultReader
from flinkmock.scenario.files import ScenarioSource, read_document
from flinkmock.scenario.jobs import JobReader, read_operations
from flinkmock.scenario.quantities import as_int, read_time
from flinkmock.scenario.request_patterns import RequestReader
from flinkmock.scenario.scenario import Scenario
from flinkmock.scenario.templates import Templates, merge, resolve_job


def load_scenario(source: ScenarioSource | None = None) -> Scenario:
    """Load a scenario.

    Args:
        source: The name of a file (a path, or a string that ends in `.yaml` or `.yml`), YAML text, or the mapping that
            YAML is parsed to. None and an empty document stand for a cluster without jobs. `extends` is relative to
            the folder of the file, or to the working directory. If there is no such file, the built-in scenario with
            the name ("crash-loop.yaml") is loaded.

    Raises:
        ScenarioError: The scenario has mistakes. The message lists them.
    """
    return load_scenario_and_document(source)[0]


def load_scenario_and_document(source: ScenarioSource | None) -> tuple[Scenario, YamlNode]:
    """Load a scenario, and return it with its document, whose source locations later messages refer to.

    Raises:
        ScenarioError: The scenario has mistakes.
    """
    diagnostics = Diagnostics()
    with without_garbage_collection():
        document, files = read_document(source, diagnostics)
        invalid_paths = schema.validate(document, diagnostics)
        if not isinstance(document.value, dict):
            diagnostics.raise_if_any()
        scenario = _ScenarioReader(document, _invalid_entries(invalid_paths), diagnostics).read()
    diagnostics.raise_if_any()
    return dataclasses.replace(scenario, files=files, document=document), document


def resolve_job_node(document: YamlNode, job: YamlNode) -> YamlNode:
    """Return a job or submission rule of a valid document, merged with its templates."""
    scheduler = ClusterReader(document.items_of("cluster"), None, Diagnostics()).scheduler
    return resolve_job(_templates(document, scheduler, Diagnostics()), scheduler, job)[0]


_SECTIONS_THAT_JOBS_NEED = frozenset({"cluster", "templates", "exceptions", "operations"})


def load_job(spec: ClusterSpec, name: str, definition: Mapping[str, object]) -> JobSpec:
    """Load a job for a loaded scenario.

    Args:
        spec: The scenario, whose templates, exceptions and operations the job can use.
        name: The name of the job, unless the definition has one.
        definition: The keys of a job, as in a scenario.

    Raises:
        ScenarioError: The definition has mistakes.
    """
    diagnostics = Diagnostics()
    document = _valid_document({"jobs": {name: definition}}, diagnostics)
    if isinstance(spec, Scenario) and spec.document is not None:
        shared = {key: node for key, node in spec.document.items.items() if key in _SECTIONS_THAT_JOBS_NEED}
        document = dataclasses.replace(document, value={**shared, **document.items})
    [job] = _ScenarioReader(document, {}, diagnostics).read().jobs
    diagnostics.raise_if_any()
    return job


def load_exception(definition: Mapping[str, object]) -> JavaException:
    """Load an exception with the keys `class`, `message`, `cause` and `stack-trace`.

    Raises:
        ScenarioError: The definition has mistakes.
    """
    diagnostics = Diagnostics()
    named = _valid_document({"exceptions": {"exception": definition}}, diagnostics).items_of("exceptions")
    exception = ExceptionReader(named, (), diagnostics).java_exception(named["exception"])
    diagnostics.raise_if_any()
    assert exception is not None
    return exception


def _valid_document(source: ScenarioSource, diagnostics: Diagnostics) -> YamlNode:
    """Read a document and check it against the schema. Raises ScenarioError."""
    document, _ = read_document(source, diagnostics)
    schema.validate(document, diagnostics)
    diagnostics.raise_if_any()
    return document


@dataclasses.dataclass(frozen=True, slots=True)
class FaultConfig:
    """The part of a scenario that applies to a real cluster.

    Attributes:
        faults: The faults.
        seed: The seed of their random draws.
        ignored_sections: The other sections, which do not apply to a real cluster.
    """

    faults: tuple[Fault, ...]
    seed: int
    ignored_sections: tuple[str, ...] = ()


def load_faults(source: ScenarioSource, release: str) -> FaultConfig:
    """Load only the faults of a scenario. They may name any job, since the cluster can have jobs of other sources.

    Args:
        source: The scenario, as for `load_scenario`.
        release: The release of the cluster.

    Raises:
        ScenarioError: The faults have mistakes, or the schema rejects the file.
    """
    diagnostics = Diagnostics()
    document = _valid_document(source, diagnostics)
    faults = FaultReader(RequestReader(release, diagnostics), None, diagnostics).read(document.elements_of("faults"))
    diagnostics.raise_if_any()
    ignored_sections = document.items.keys() - {"$schema", "extends", "name", "seed", "faults"}
    return FaultConfig(faults, as_int(document.get("seed"), ClusterSpec().seed), tuple(sorted(ignored_sections)))


@cache
def built_in_document(scheduler: str) -> YamlNode:
    """Return the document that every scenario extends: templates and submission rules, for one scheduler."""

    def read(name: str) -> YamlNode:
        return parse_yaml(Path(__file__).with_name(name).read_text("utf-8"), "built in", Diagnostics())

    default = read("templates.yaml")
    return merge(read("templates-adaptive.yaml"), default) if scheduler == "adaptive" else default


def _templates(document: YamlNode, configured_scheduler: str | None, diagnostics: Diagnostics) -> dict[str, Templates]:
    """Return the templates by scheduler. The default scheduler is always included, because it runs all batch jobs."""
    own = document.items_of("templates")
    return {
        scheduler: Templates(own, built_in_document(scheduler).items_of("templates"), diagnostics)
        for scheduler in ("default", scheduler_of(configured_scheduler, "STREAMING"))
    }


_ALL_ENTRIES = "*"
"""Stands for all entries of a section."""


def _invalid_entries(paths: Iterable[tuple[str | int, ...]]) -> dict[str, set[str]]:
    """Return the keys or indices of the entries that the schema rejects, by section.

    If the schema rejects the section itself, the set contains `_ALL_ENTRIES`. Rejected entries are skipped, so that
    their mistakes are reported once, and the other entries are still checked.
    """
    invalid: dict[str, set[str]] = {}
    for path in paths:
        if path:
            entry = str(path[1]) if len(path) > 1 else _ALL_ENTRIES
            invalid.setdefault(str(path[0]), set()).add(entry)
    return invalid


class _ScenarioReader:
    """Reads the entries of a document that the schema allows."""

    def __init__(
        self, document: YamlNode, invalid_entries: Mapping[str, Collection[str]], diagnostics: Diagnostics
    ) -> None:
        self._document = document
        self._invalid_entries = invalid_entries
        self._diagnostics = diagnostics

    def read(self) -> Scenario:
        diagnostics = self._diagnostics
        exception_reader = ExceptionReader(
            self._document.items_of("exceptions"), self._invalid_entries.get("exceptions", ()), diagnostics
        )
        exception_reader.check_named()
        operation_nodes = self._entries("operations")
        cluster = ClusterReader(self._entries("cluster"), operation_nodes.pop("result-ttl", None), diagnostics)
        cluster.check_options()
        operations = read_operations(operation_nodes, {}, exception_reader, diagnostics)
        templates = _templates(self._document, cluster.scheduler, diagnostics)
        jobs, submissions = self._read_jobs(
            JobReader(templates, exception_reader, operations, cluster.scheduler, cluster.job_defaults(), diagnostics),
            templates["default"],
        )
        release, seed, clock = self._value("flink"), self._value("seed"), self._value("clock")
        if release is not None and release.text not in known_releases():
            diagnostics.add(release.location, str(UnknownRelease(release.text, known_releases())))
        request_reader = RequestReader(release.text if release else None, diagnostics)
        fault_reader = FaultReader(request_reader, _job_names(jobs, submissions), diagnostics)
        defaults = ClusterSpec()
        return Scenario(
            flink=release.text if release else defaults.flink,
            seed=as_int(seed, defaults.seed),
            clock=clock.text if clock else defaults.clock,
            start_time=read_time(self._value("start-time"), diagnostics),
            jobmanager_count=cluster.jobmanager_count(),
            jobmanager_configurations=cluster.jobmanager_configurations(),
            leader_changes=cluster.leader_changes(),
            age=cluster.age(),
            taskmanager_count=cluster.taskmanager_count(),
            taskmanager_sizes=cluster.taskmanager_sizes(),
            taskmanager_events=cluster.taskmanager_events(),
            slots_per_taskmanager=cluster.slots_per_taskmanager(),
            version=cluster.version(),
            configuration=cluster.configuration(),
            savepoints=cluster.savepoints(),
            file_systems=cluster.file_systems(),
            jobs=jobs,
            submissions=submissions,
            cluster_operations=operations,
            with_caches=cluster.with_caches(),
            ingress=cluster.ingress(),
            varied=self._value("responses") is not None,
            faults=(*fault_reader.read(self._elements("faults")), *map(_leader_hang_fault, cluster.leader_hangs())),
            expect=ExpectReader(request_reader, diagnostics).read(self._elements("expect")),
        )

    def _read_jobs(
        self, reader: JobReader, templates: Templates
    ) -> tuple[tuple[JobSpec, ...], tuple[SubmissionRule, ...]]:
        """Return jobs and submission rules. Templates are read only to report their mistakes."""
        invalid_templates = self._invalid_entries.get("templates", ())

        def read(section: str, nodes: Mapping[str, YamlNode], *, keys_are_names: bool) -> dict[str, JobSpec]:
            return {
                key: reader.read(node, f"{section}.{key}", key if keys_are_names else None)
                for key, node in nodes.items()
                if templates.are_valid_for(node, invalid_templates)
            }

        read("templates", self._entries("templates"), keys_are_names=True)
        jobs = read("jobs", self._entries("jobs"), keys_are_names=True)
        rules, built_in_rules = self._entries("submitted"), built_in_document("default").items_of("submitted")
        # the rules of the scenario come first, because the first rule that matches applies
        rules |= {pattern: node for pattern, node in built_in_rules.items() if pattern not in rules}
        submissions = tuple(
            SubmissionRule(pattern, job, templates.own_keys(rules[pattern]))
            for pattern, job in read("submitted", rules, keys_are_names=False).items()
        )
        return tuple(jobs.values()), submissions

    def _entries(self, section: str) -> dict[str, YamlNode]:
        """Return the valid entries of a section that is a mapping."""
        invalid = self._invalid_entries.get(section, ())
        if _ALL_ENTRIES in invalid:
            return {}
        return {name: node for name, node in self._document.items_of(section).items() if name not in invalid}

    def _elements(self, section: str) -> list[YamlNode]:
        """Return the valid elements of a section that is a list."""
        invalid = self._invalid_entries.get(section, ())
        if _ALL_ENTRIES in invalid:
            return []
        return [node for i, node in enumerate(self._document.elements_of(section)) if str(i) not in invalid]

    def _value(self, section: str) -> YamlNode | None:
        """Return a top-level value; None if it is missing, null or invalid."""
        return None if section in self._invalid_entries else self._document.get(section)


def _leader_hang_fault(period: tuple[int, int]) -> Fault:
    """Return the fault of a leader that hangs: no JobManager responds, since all of them ask the leader.

    Args:
        period: Start and end, in ms since the scenario's start.
    """
    return Fault("the leader hangs", FaultTrigger(during=period), drop=Drop.HANG)


def _job_names(jobs: Iterable[JobSpec], submissions: Iterable[SubmissionRule]) -> list[str] | None:
    """Return the names that jobs can have; None if an argument of a program sets the name."""
    specs = [*jobs, *(submission.job for submission in submissions)]
    if any("name" in fields for spec in specs for fields in spec.program.arguments.values()):
        return None
    return list(dict.fromkeys(spec.name for spec in specs))
