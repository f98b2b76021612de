"""A jar's program: which job its main method would start, with these arguments.

The scenario's `submitted` rules say what a program becomes; here its entry class is found and its arguments are read,
and what a real client would run into (no entry class, a main that throws) is refused in Flink's words.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from flinkmock.cluster.clock import milliseconds
from flinkmock.cluster.jars import Jar
from flinkmock.cluster.problems import ProgramProblem, Throwable
from flinkmock.cluster.spec import CheckpointSpec, JobSpec, Span, Submission

INVOCATION = "org.apache.flink.client.program.ProgramInvocationException"
COMPLETION = "java.util.concurrent.CompletionException"
PARALLELISM_UNKNOWN = -2
"""ExecutionConfig lets -1 (the default) and -2 (not known) through."""


@dataclass(frozen=True, slots=True)
class Program:
    """What a client asks to run or to plan."""

    jar: Jar
    entry_class: str | None = None
    arguments: Sequence[str] = ()
    parallelism: int | None = None
    configuration: Mapping[str, str] = dataclasses.field(default_factory=dict)


def entry_class(program: Program) -> str:
    """The class to run. Raises ProgramProblem where PackagedProgram would throw."""
    name = program.entry_class
    if name is None:
        if not program.jar.entries:
            raise _invocation("Neither a 'Main-Class', nor a 'program-class' entry was found in the jar file.")
        # Flink takes the attribute as it stands, commas and all (PackagedProgram.getEntryPointClassNameFromJar).
        name = ",".join(program.jar.entries)
    if "," in name or not program.jar.has_class(name):
        raise _invocation(
            f"The program's entry point class '{name}' was not found in the jar file.",
            Throwable("java.lang.ClassNotFoundException", name),
        )
    return name


def job_of(program: Program, rules: Sequence[Submission]) -> JobSpec:
    """The job that the program's main method starts.

    Raises:
        ProgramProblem: if there is no such class, main throws or starts no job, or the parallelism makes no sense.
    """
    name = entry_class(program)
    spec = template_of((name, program.jar.name), rules)
    if spec.program.throws is not None:
        thrown = Throwable(INVOCATION, f"The main method caused an error: {spec.program.throws.message}",
                           spec.program.throws)  # fmt: skip
        raise ProgramProblem(thrown, refused=True)
    if not spec.program.executes:
        raise ProgramProblem(Throwable("org.apache.flink.util.FlinkException", "No jobs included in application."),
                             refused=True, text="No jobs included in application.")  # fmt: skip
    if program.parallelism is not None and (program.parallelism == 0 or program.parallelism < PARALLELISM_UNKNOWN):
        wrong = Throwable(
            "java.lang.IllegalArgumentException",
            "Parallelism must be at least one, or ExecutionConfig.PARALLELISM_DEFAULT (use system default).",
        )
        raise ProgramProblem(Throwable(INVOCATION, f"The main method caused an error: {wrong.message}", wrong), refused=True)  # fmt: skip # noqa: E501
    return with_configuration(with_arguments(spec, program.arguments), program)


def template_of(names: Sequence[str], rules: Sequence[Submission]) -> JobSpec:
    """The first rule that fits one of the names; the last rule of every scenario fits all."""
    for rule in rules:
        if any(fnmatchcase(name, rule.pattern) for name in names):
            return rule.job
    raise LookupError(f"no rule of `submitted` fits {names}; a cluster has one for '*'")


def with_arguments(spec: JobSpec, arguments: Sequence[str]) -> JobSpec:
    """The job with what `--key value` pairs change in it, as far as its program says that it listens to them."""
    pairs = {key: value for key, value in zip(arguments[::2], arguments[1::2], strict=False)}
    for argument, field in spec.program.arguments.items():
        if argument in pairs:
            spec = _with(spec, field, pairs[argument])
    if spec.program.arguments_are_user_config:
        spec = dataclasses.replace(spec, user_config={key.removeprefix("--"): value for key, value in pairs.items()})
    return spec


def _with(spec: JobSpec, field: str, value: str) -> JobSpec:
    if field == "name":
        return dataclasses.replace(spec, name=value)
    if field == "parallelism":
        return with_parallelism(spec, int(value))
    checkpoints = spec.checkpoints or CheckpointSpec()
    length = int(value) if value.isdigit() else milliseconds(value)
    if field == "checkpoints.every":
        return dataclasses.replace(spec, checkpoints=dataclasses.replace(checkpoints, every=length))
    return dataclasses.replace(spec, checkpoints=dataclasses.replace(checkpoints, takes=Span.exactly(length)))


def with_parallelism(spec: JobSpec, parallelism: int) -> JobSpec:
    """Every vertex that is as wide as the widest gets the new parallelism; narrower ones were set by the program."""
    widest = max((vertex.parallelism for vertex in spec.vertices), default=1)
    vertices = tuple(
        dataclasses.replace(vertex, parallelism=parallelism) if vertex.parallelism == widest else vertex
        for vertex in spec.vertices
    )
    return dataclasses.replace(spec, vertices=vertices)


def with_configuration(spec: JobSpec, program: Program) -> JobSpec:
    """What the request itself sets: `pipeline.name`, and the parallelism that `/config` shows."""
    name = program.configuration.get("pipeline.name")
    parallelism = program.parallelism if program.parallelism and program.parallelism > 0 else None
    if parallelism is None and program.configuration.get("parallelism.default", "").isdigit():
        parallelism = int(program.configuration["parallelism.default"])
    return dataclasses.replace(
        spec, name=name or spec.name, parallelism=spec.parallelism if parallelism is None else parallelism
    )


def _invocation(text: str, cause: Throwable | None = None) -> ProgramProblem:
    return ProgramProblem(Throwable(COMPLETION, f"{INVOCATION}: {text}", Throwable(INVOCATION, text, cause)), refused=False)  # fmt: skip # noqa: E501
