"""A jar's program: which job its main method would start, with these arguments.

The scenario's `submitted` rules say what a program becomes; here its entry class is found and its arguments are read,
and what a real client would run into (no entry class, a main that throws) is refused in Flink's words.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

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
        raise main_failed(spec.program.throws)
    if not spec.program.executes:
        raise ProgramProblem(Throwable("org.apache.flink.util.FlinkException", "No jobs included in application."),
                             refused=True, text="No jobs included in application.")  # fmt: skip
    if program.parallelism is not None and (program.parallelism == 0 or program.parallelism < PARALLELISM_UNKNOWN):
        raise main_failed(
            Throwable(
                "java.lang.IllegalArgumentException",
                "Parallelism must be at least one, or ExecutionConfig.PARALLELISM_DEFAULT (use system default).",
            )
        )
    return with_arguments(with_configuration(spec, program), program.arguments)


def template_of(names: Sequence[str], rules: Sequence[Submission]) -> JobSpec:
    """The first rule that fits one of the names; the last rule of every scenario fits all."""
    for rule in rules:
        if any(fnmatchcase(name, rule.pattern) for name in names):
            return rule.job
    raise LookupError(f"no rule of `submitted` fits {names}; a cluster has one for '*'")


def with_arguments(spec: JobSpec, arguments: Sequence[str]) -> JobSpec:
    """The job with what `--key value` pairs change in it, as far as its program says that it listens to them."""
    pairs = dict(zip(arguments[::2], arguments[1::2], strict=False))
    for argument, fields in spec.program.arguments.items():
        for field in fields if argument in pairs else ():
            spec = _with(spec, field, pairs[argument])
    if spec.program.arguments_are_user_config:
        spec = dataclasses.replace(spec, user_config={key.removeprefix("--"): value for key, value in pairs.items()})
    return spec


def _with(spec: JobSpec, field: str, value: str) -> JobSpec:
    """The job with one field set from an argument's text (lengths in ms). Raises ProgramProblem if it is no number."""
    if field == "name":
        return dataclasses.replace(spec, name=value)
    try:
        number = int(value)
    except ValueError:
        wrong = Throwable("java.lang.NumberFormatException", f'For input string: "{value}"')
        raise main_failed(wrong) from None
    if field == "parallelism":
        return with_parallelism(spec, number)
    vertex, _, attribute = field.rpartition(".")
    if attribute == "parallelism":
        return dataclasses.replace(
            spec,
            vertices=tuple(
                dataclasses.replace(v, parallelism=number) if v.name == vertex else v for v in spec.vertices
            ),
        )
    checkpoints = spec.checkpoints or CheckpointSpec()
    if field == "checkpoints.every":
        return dataclasses.replace(spec, checkpoints=dataclasses.replace(checkpoints, every=number))
    takes = Span.exactly(number) if number else checkpoints.takes
    return dataclasses.replace(spec, checkpoints=dataclasses.replace(checkpoints, takes=takes))


def with_parallelism(spec: JobSpec, parallelism: int) -> JobSpec:
    """Every vertex whose parallelism the program does not set itself gets this one."""
    vertices = tuple(
        vertex if vertex.own_parallelism else dataclasses.replace(vertex, parallelism=parallelism)
        for vertex in spec.vertices
    )
    return dataclasses.replace(spec, vertices=vertices, parallelism=parallelism)


def with_configuration(spec: JobSpec, program: Program) -> JobSpec:
    """The job with the parallelism that the request gives, itself or by `parallelism.default`.

    `pipeline.name` does not rename it: a program that names its job wins (recorded: `run flinkConfiguration`).
    """
    parallelism = program.parallelism if program.parallelism and program.parallelism > 0 else None
    if parallelism is None and program.configuration.get("parallelism.default", "").isdigit():
        parallelism = int(program.configuration["parallelism.default"])
    return spec if parallelism is None else with_parallelism(spec, parallelism)


def main_failed(cause: Throwable) -> ProgramProblem:
    """The main method ends with an exception."""
    thrown = Throwable(INVOCATION, f"The main method caused an error: {cause.message}", cause)
    return ProgramProblem(thrown, refused=True)


def _invocation(text: str, cause: Throwable | None = None) -> ProgramProblem:
    return ProgramProblem(Throwable(COMPLETION, f"{INVOCATION}: {text}", Throwable(INVOCATION, text, cause)), refused=False)  # fmt: skip # noqa: E501
