"""The program of a jar: the job that its main method starts, and the errors of running or planning it.

The scenario's submission rules define which job a program becomes. This module finds the entry class, and applies the
arguments and the configuration of the request.
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
from flinkmock.cluster.submission.config_validation import PARALLELISM_OPTION, find_invalid_option
from flinkmock.cluster.submission.jars import Jar
from flinkmock.cluster.submission.parallelism import with_parallelism
from flinkmock.flink import java_classes, submission_messages
from flinkmock.flink.exceptions import completion_exception
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.java_parsing import INT, parse_number
from flinkmock.named_random import CyclicValues, UniformRange
from flinkmock.release import Release

PARALLELISM_UNKNOWN = -2
"""The lowest parallelism that ExecutionConfig accepts (ExecutionConfig.PARALLELISM_UNKNOWN)."""
BAD_PARALLELISM = JavaException(java_classes.ILLEGAL_ARGUMENT_EXCEPTION, submission_messages.BAD_PARALLELISM)
_JAVA_LANG_CLASSES = frozenset(
    f"java.lang.{name}"
    for name in (
        "Boolean", "Byte", "Character", "Class", "Double", "Enum", "Exception", "Float", "Integer", "Long", "Math",
        "Number", "Object", "Process", "Runtime", "Short", "String", "StringBuilder", "System", "Thread", "Throwable",
    )
)  # fmt: skip
"""Classes that Flink finds although they are not in the jar. They have no main method."""
DUPLICATE_JOB = JavaException(
    java_classes.DUPLICATE_JOB_SUBMISSION_EXCEPTION, submission_messages.JOB_ALREADY_SUBMITTED
)
"""The Dispatcher's exception for a job whose id another job has."""
_ARGUMENT = re.compile(r"""([^"']\S*|".+?"|'.+?')\s*""")


@dataclass(frozen=True, slots=True)
class Program:
    """The program of a request to run or plan a jar.

    Attributes:
        jar: The uploaded jar.
        location: The path of the jar in messages.
        entry_class: The entry class in the request; None: that of the manifest.
        arguments: The program arguments.
        parallelism: The parallelism in the request; None if there is none.
        configuration: Option -> value, from `flinkConfiguration` in the request.
    """

    jar: Jar
    location: str = ""
    entry_class: str | None = None
    arguments: Sequence[str] = ()
    parallelism: int | None = None
    configuration: Mapping[str, str] = dataclasses.field(default_factory=dict)


def tokenize(text: str) -> list[str]:
    """Return the arguments in `programArgs` of 1.x, which are separated by spaces, with quotes (JarHandlerUtils)."""
    return [argument.strip().replace('"', "").replace("'", "") for argument in _ARGUMENT.findall(text)]


def entry_class(program: Program) -> str:
    """Return the entry class. Raises ProgramError if PackagedProgram throws an exception."""
    name = program.entry_class
    if name is None:
        if not program.jar.entry_classes:
            raise _packaging_error(submission_messages.NO_ENTRY_CLASS)
        # Flink uses the attribute unchanged, including commas (PackagedProgram.getEntryPointClassNameFromJar)
        name = ",".join(program.jar.entry_classes)
    if name in _JAVA_LANG_CLASSES and program.jar.classes is not None:
        raise _packaging_error(submission_messages.NO_MAIN_METHOD)
    if "," in name or not program.jar.has_class(name):
        raise _packaging_error(
            submission_messages.entry_class_not_found(name),
            JavaException(java_classes.CLASS_NOT_FOUND_EXCEPTION, name),
        )
    return name


def output_of_main(program: Program, rules: Sequence[SubmissionRule]) -> str:
    """Return what the main method of a program prints. Raises the errors of `entry_class`."""
    return matching_template((entry_class(program), program.jar.name), rules).program.prints


def job_to_run(program: Program, rules: Sequence[SubmissionRule]) -> JobSpec:
    """Return the job that the main method of a program starts.

    Raises:
        ProgramError: The class does not exist, the main method throws or starts no job, or the parallelism, an option
            or an argument is invalid.
    """
    spec = matching_template((entry_class(program), program.jar.name), rules)
    if not spec.program.executes:
        exception = JavaException(java_classes.FLINK_EXCEPTION, submission_messages.NO_JOBS)
        raise ProgramError(exception, is_bad_request=True, message=submission_messages.NO_JOBS)
    invalid_option, option_error = find_invalid_option(program.configuration) or (None, None)
    if option_error is not None and invalid_option == PARALLELISM_OPTION:  # read before the main method is called
        raise ProgramError(option_error, is_bad_request=False)
    if _has_invalid_parallelism(program):
        raise main_method_error(BAD_PARALLELISM)
    if option_error is not None:
        raise main_method_error(option_error)
    if spec.program.throws is not None:
        raise main_method_error(spec.program.throws)
    return with_arguments(with_configuration(spec, program), program.arguments)


def job_to_plan(
    program: Program, rules: Sequence[SubmissionRule], release: Release, default_parallelism: int
) -> JobSpec:
    """Return the job that a program would start, for its plan. Flink does not catch the errors, so they become a 500.

    Up to 1.16, JarPlanHandler creates program and plan in one future, whose exceptions are not wrapped, and replaces a
    parallelism that is not positive by `parallelism.default` of the cluster (OptimizerPlanEnvironment). Since 1.17, an
    environment that can't be created leaves the standard output redirected (PackagedProgramUtils).

    Raises:
        ProgramError: For the same reasons as in `job_to_run`.
    """
    uses_one_future = not release.since("1.17")
    try:
        name = entry_class(program)
    except ProgramError as error:
        exception_or_cause = error.exception.chain()[1 if uses_one_future else 0]
        raise ProgramError(exception_or_cause, is_bad_request=False) from None
    spec = matching_template((name, program.jar.name), rules)
    invalid_option, option_error = find_invalid_option(program.configuration) or (None, None)
    if uses_one_future and program.parallelism is not None and program.parallelism <= 0:
        program = dataclasses.replace(program, parallelism=default_parallelism)
    if _has_invalid_parallelism(program) and invalid_option != PARALLELISM_OPTION:
        raise ProgramError(BAD_PARALLELISM, is_bad_request=False, ends_output=not uses_one_future)
    if option_error is not None:
        raise ProgramError(option_error, is_bad_request=False, ends_output=not uses_one_future)
    if spec.program.throws is not None:
        raise ProgramError(main_method_error(spec.program.throws).exception, is_bad_request=False)
    if not spec.program.executes:
        text = submission_messages.NO_PLAN + (submission_messages.NO_PLAN_HINT if release.since("1.19") else "")
        outputs = submission_messages.program_output(program.location, spec.program.prints)
        raise ProgramError(
            JavaException(java_classes.PROGRAM_INVOCATION_EXCEPTION, text + outputs), is_bad_request=False
        )
    try:
        return with_arguments(with_configuration(spec, program), program.arguments)
    except ProgramError as error:
        raise ProgramError(error.exception, is_bad_request=False) from None


def _has_invalid_parallelism(program: Program) -> bool:
    """Return whether ExecutionConfig rejects the parallelism of the request."""
    parallelism = program.parallelism
    return parallelism is not None and (parallelism == 0 or parallelism < PARALLELISM_UNKNOWN)


def matching_template(names: Sequence[str], rules: Sequence[SubmissionRule]) -> JobSpec:
    """Return the job of the rule that `matching_rule` returns."""
    return matching_rule(names, rules).job


def matching_rule(names: Sequence[str], rules: Sequence[SubmissionRule]) -> SubmissionRule:
    """Return the first rule that matches one of the names: those of a job, its jars, and their entry classes.

    The last rule of every scenario matches all names.
    """
    for rule in rules:
        if any(fnmatchcase(name, rule.pattern) for name in names):
            return rule
    raise LookupError(f"no rule of `submitted` matches {names}; a cluster has one for '*'")


def with_arguments(spec: JobSpec, arguments: Sequence[str]) -> JobSpec:
    """Return the job with the fields that `--key value` arguments set, as `ProgramSpec.arguments` defines."""
    values = dict(zip(arguments[::2], arguments[1::2], strict=False))
    for argument, fields in spec.program.arguments.items():
        if argument in values:
            for field in fields:
                spec = _with_field(spec, field, values[argument])
    if spec.program.arguments_in_user_config:
        spec = dataclasses.replace(spec, user_config={key.removeprefix("--"): value for key, value in values.items()})
    return spec


def _with_field(spec: JobSpec, field: str, value: str) -> JobSpec:
    """Return the job with one field set to the value of an argument; durations are in ms.

    An interval of checkpoints that is not positive means no periodic checkpoints.

    Raises:
        ProgramError: The value is not an integer; the main method throws a NumberFormatException.
    """
    if field == "name":
        return dataclasses.replace(spec, name=value)
    try:
        number = parse_number(value, INT)
    except ValueError:
        cause = JavaException(java_classes.NUMBER_FORMAT_EXCEPTION, submission_messages.not_a_number(value))
        raise main_method_error(cause) from None
    if field == "parallelism":
        return with_parallelism(spec, number)
    vertex_name, _, attribute = field.rpartition(".")
    if attribute == "parallelism":
        vertices = (
            dataclasses.replace(vertex, parallelism=number) if vertex.name == vertex_name else vertex
            for vertex in spec.vertices
        )
        return dataclasses.replace(spec, vertices=tuple(vertices))
    checkpoints = spec.checkpoints or CheckpointSpec()
    if field == "checkpoints.every":
        every = number if number > 0 else None
        return dataclasses.replace(spec, checkpoints=dataclasses.replace(checkpoints, every=every))
    duration: UniformRange | CyclicValues = UniformRange.exactly(number) if number > 0 else checkpoints.duration
    return dataclasses.replace(spec, checkpoints=dataclasses.replace(checkpoints, duration=duration))


def with_configuration(spec: JobSpec, program: Program) -> JobSpec:
    """Return the job with the parallelism of the request: the field `parallelism`, or the option `parallelism.default`.

    `pipeline.name` has no effect, because the program sets the name (recorded: `run flinkConfiguration`).
    """
    parallelism = program.parallelism
    if parallelism is None and program.configuration.get(PARALLELISM_OPTION, "").isdigit():
        parallelism = int(program.configuration[PARALLELISM_OPTION])
    return spec if parallelism is None else with_parallelism(spec, parallelism)


def main_method_error(cause: JavaException) -> ProgramError:
    """Return the error of a main method that throws."""
    text = submission_messages.main_method_failed(cause.message)
    return ProgramError(JavaException(java_classes.PROGRAM_INVOCATION_EXCEPTION, text, cause), is_bad_request=True)


def duplicate_submission_error(release: Release) -> JavaException:
    """Return the Dispatcher's exception for a job whose id another job has; since 2.3, that for an application."""
    if release.since("2.3"):
        return JavaException(
            java_classes.DUPLICATE_APPLICATION_SUBMISSION_EXCEPTION, submission_messages.APPLICATION_ALREADY_SUBMITTED
        )
    return DUPLICATE_JOB


def submission_error(job_name: str, cause: JavaException) -> ProgramError:
    """Return the error of `execute()` when the Dispatcher rejects the job."""
    text = submission_messages.job_not_executed(job_name)
    return main_method_error(JavaException(java_classes.FLINK_EXCEPTION, text, cause))


def not_initialized_error(job_name: str, failure: JavaException) -> ProgramError:
    """Return the error of `execute()` when the job fails with `failure`, because the JobMaster can't be created."""
    return submission_error(job_name, JavaException(java_classes.RUNTIME_EXCEPTION, str(failure), failure))


def _packaging_error(text: str, cause: JavaException | None = None) -> ProgramError:
    """Return the error of a jar from which PackagedProgram can't be created."""
    exception = JavaException(java_classes.PROGRAM_INVOCATION_EXCEPTION, text, cause)
    return ProgramError(completion_exception(exception), is_bad_request=False)
