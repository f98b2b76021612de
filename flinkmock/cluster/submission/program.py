"""The program of a jar: the job that its main method starts.

The scenario's submission rules define which job a program becomes. This module finds the entry class, applies arguments
and configuration, and raises the errors of Flink: no entry class, a main method that throws.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from flinkmock.cluster.cluster_spec import SubmissionRule
from flinkmock.cluster.errors import ProgramError
from flinkmock.cluster.spec import CheckpointSpec, JobSpec
from flinkmock.cluster.submission.config_validation import PARALLELISM, unparseable
from flinkmock.cluster.submission.jars import Jar
from flinkmock.cluster.submission.parallelism import with_parallelism
from flinkmock.flink import java_classes, submission_messages
from flinkmock.flink.exceptions import completion_exception
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.java_parsing import INT, parse_number
from flinkmock.named_random import UniformRange, ValuesInTurn
from flinkmock.release import Release

PARALLELISM_UNKNOWN = -2
"""The lowest parallelism that ExecutionConfig accepts: -1 is the default, -2 is unknown."""
BAD_PARALLELISM = JavaException(java_classes.ILLEGAL_ARGUMENT_EXCEPTION, submission_messages.BAD_PARALLELISM)
_CLASSES_OF_JAVA = frozenset(
    f"java.lang.{name}"
    for name in (
        "Boolean", "Byte", "Character", "Class", "Double", "Enum", "Exception", "Float", "Integer", "Long", "Math",
        "Number", "Object", "Process", "Runtime", "Short", "String", "StringBuilder", "System", "Thread", "Throwable",
    )
)  # fmt: skip
"""Classes that are found although they are not in the jar. They have no main method."""
JOB_IS_DUPLICATE = JavaException(
    java_classes.DUPLICATE_JOB_SUBMISSION_EXCEPTION, submission_messages.JOB_ALREADY_SUBMITTED
)
"""The Dispatcher's exception for a job with the id of another one."""
_TOKEN = re.compile(r"""([^"']\S*|".+?"|'.+?')\s*""")


@dataclass(frozen=True, slots=True)
class Program:
    """The program of a request to run or plan a jar. `location` is the path of the jar in messages."""

    jar: Jar
    location: str = ""
    entry_class: str | None = None
    arguments: Sequence[str] = ()
    parallelism: int | None = None
    configuration: Mapping[str, str] = dataclasses.field(default_factory=dict)


def tokenize(text: str) -> list[str]:
    """Return the arguments in `programArgs` of 1.x, which are separated by spaces, with quotes (JarHandlerUtils)."""
    return [token.strip().replace('"', "").replace("'", "") for token in _TOKEN.findall(text)]


def entry_class(program: Program) -> str:
    """Return the entry class. Raises ProgramError if PackagedProgram throws an exception."""
    name = program.entry_class
    if name is None:
        if not program.jar.entry_classes:
            raise _not_packaged(submission_messages.NO_ENTRY_CLASS)
        # Flink takes the attribute unchanged, including commas (PackagedProgram.getEntryPointClassNameFromJar).
        name = ",".join(program.jar.entry_classes)
    if name in _CLASSES_OF_JAVA and program.jar.classes is not None:
        raise _not_packaged(submission_messages.NO_MAIN_METHOD)
    if "," in name or not program.jar.has_class(name):
        raise _not_packaged(
            submission_messages.entry_class_not_found(name),
            JavaException(java_classes.CLASS_NOT_FOUND_EXCEPTION, name),
        )
    return name


def printed_by_main(program: Program, rules: Sequence[SubmissionRule]) -> str:
    """Return what the program's main method prints. Raises ProgramError if the class does not exist."""
    return matching_template((entry_class(program), program.jar.name), rules).program.prints


def job_to_run(program: Program, rules: Sequence[SubmissionRule]) -> JobSpec:
    """Return the job that the program's main method starts.

    Raises:
        ProgramError: The class does not exist, the main method throws or starts no job, or the parallelism is invalid.
    """
    spec = matching_template((entry_class(program), program.jar.name), rules)
    if not spec.program.executes:
        thrown = JavaException(java_classes.FLINK_EXCEPTION, submission_messages.NO_JOBS)
        raise ProgramError(thrown, refused=True, message=submission_messages.NO_JOBS)
    invalid = unparseable(program.configuration)
    if invalid and invalid[0] == PARALLELISM:  # read before the main method is called
        raise ProgramError(invalid[1], refused=False)
    if _has_invalid_parallelism(program):
        raise main_method_error(BAD_PARALLELISM)
    if invalid:
        raise main_method_error(invalid[1])
    if spec.program.throws is not None:
        raise main_method_error(spec.program.throws)
    return with_arguments(with_configuration(spec, program), program.arguments)


def job_to_plan(
    program: Program, rules: Sequence[SubmissionRule], release: Release, default_parallelism: int
) -> JobSpec:
    """Return the job that a program would start, for its plan. Flink does not catch its errors, so they become a 500.

    Up to 1.16, JarPlanHandler created program and plan in one future, whose exceptions are not wrapped, and took the
    cluster's `parallelism.default` for a parallelism that is not positive (OptimizerPlanEnvironment). Since then, an
    environment that can't be created leaves the standard output redirected (PackagedProgramUtils).

    Raises:
        ProgramError: For the same reasons as in `job_to_run`.
    """
    in_one_future = not release.since("1.17")
    try:
        name = entry_class(program)
    except ProgramError as error:
        raise ProgramError(error.exception.chain()[int(in_one_future)], refused=False) from None
    spec = matching_template((name, program.jar.name), rules)
    invalid = unparseable(program.configuration)
    if in_one_future and program.parallelism is not None and program.parallelism <= 0:
        program = dataclasses.replace(program, parallelism=default_parallelism)
    if _has_invalid_parallelism(program) and not (invalid and invalid[0] == PARALLELISM):
        raise ProgramError(BAD_PARALLELISM, refused=False, ends_output=not in_one_future)
    if invalid:
        raise ProgramError(invalid[1], refused=False, ends_output=not in_one_future)
    if spec.program.throws is not None:
        raise ProgramError(main_method_error(spec.program.throws).exception, refused=False)
    if not spec.program.executes:
        text = submission_messages.NO_PLAN + (submission_messages.NO_PLAN_HINT if release.since("1.19") else "")
        outputs = submission_messages.program_output(program.location, spec.program.prints)
        raise ProgramError(JavaException(java_classes.PROGRAM_INVOCATION_EXCEPTION, text + outputs), refused=False)
    try:
        return with_arguments(with_configuration(spec, program), program.arguments)
    except ProgramError as error:
        raise ProgramError(error.exception, refused=False) from None


def _has_invalid_parallelism(program: Program) -> bool:
    parallelism = program.parallelism
    return parallelism is not None and (parallelism == 0 or parallelism < PARALLELISM_UNKNOWN)


def matching_template(names: Sequence[str], rules: Sequence[SubmissionRule]) -> JobSpec:
    """Return the job of the first rule that matches one of the names."""
    return matching_rule(names, rules).job


def matching_rule(names: Sequence[str], rules: Sequence[SubmissionRule]) -> SubmissionRule:
    """Return the first rule that matches one of the names. The last rule of every scenario matches all names."""
    for rule in rules:
        if any(fnmatchcase(name, rule.pattern) for name in names):
            return rule
    raise LookupError(f"no rule of `submitted` matches {names}; a cluster has one for '*'")


def with_arguments(spec: JobSpec, arguments: Sequence[str]) -> JobSpec:
    """Return the job with the fields that `--key value` arguments set, as its program declares."""
    pairs = dict(zip(arguments[::2], arguments[1::2], strict=False))
    for argument, fields in spec.program.arguments.items():
        for field in fields if argument in pairs else ():
            spec = _with_field(spec, field, pairs[argument])
    if spec.program.arguments_in_user_config:
        spec = dataclasses.replace(spec, user_config={key.removeprefix("--"): value for key, value in pairs.items()})
    return spec


def _with_field(spec: JobSpec, field: str, value: str) -> JobSpec:
    """Return the job with one field set from an argument (durations in ms). Raises ProgramError."""
    if field == "name":
        return dataclasses.replace(spec, name=value)
    try:
        number = parse_number(value, INT)
    except ValueError:
        cause = JavaException(java_classes.NUMBER_FORMAT_EXCEPTION, submission_messages.not_a_number(value))
        raise main_method_error(cause) from None
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
    duration: UniformRange | ValuesInTurn = UniformRange.exactly(number) if number else checkpoints.duration
    return dataclasses.replace(spec, checkpoints=dataclasses.replace(checkpoints, duration=duration))


def with_configuration(spec: JobSpec, program: Program) -> JobSpec:
    """Return the job with the parallelism of the request: its own field or `parallelism.default`.

    `pipeline.name` has no effect, because the program sets the name (recorded: `run flinkConfiguration`).
    """
    parallelism = program.parallelism
    if parallelism is None and program.configuration.get("parallelism.default", "").isdigit():
        parallelism = int(program.configuration["parallelism.default"])
    return spec if parallelism is None else with_parallelism(spec, parallelism)


def main_method_error(cause: JavaException) -> ProgramError:
    """Return the error of a main method that throws."""
    text = submission_messages.main_method_failed(cause.message)
    thrown = JavaException(java_classes.PROGRAM_INVOCATION_EXCEPTION, text, cause)
    return ProgramError(thrown, refused=True)


def duplicate_submission_error(release: Release) -> JavaException:
    """Return the Dispatcher's exception for an existing job id, which is also the id of an application."""
    if release.since("2.3"):
        return JavaException(
            java_classes.DUPLICATE_APPLICATION_SUBMISSION_EXCEPTION, submission_messages.APPLICATION_ALREADY_SUBMITTED
        )
    return JOB_IS_DUPLICATE


def submission_error(job_name: str, cause: JavaException) -> ProgramError:
    """Return the error of `execute()` when the Dispatcher rejects the job."""
    text = submission_messages.job_not_executed(job_name)
    return main_method_error(JavaException(java_classes.FLINK_EXCEPTION, text, cause))


def not_initialized_error(job_name: str, failure: JavaException) -> ProgramError:
    """Return the error of `execute()` when the job fails with `failure`, because the JobMaster can't be created."""
    return submission_error(job_name, JavaException(java_classes.RUNTIME_EXCEPTION, str(failure), failure))


def _not_packaged(text: str, cause: JavaException | None = None) -> ProgramError:
    thrown = JavaException(java_classes.PROGRAM_INVOCATION_EXCEPTION, text, cause)
    return ProgramError(completion_exception(thrown), refused=False)
