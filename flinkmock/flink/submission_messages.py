"""The texts of Flink's errors about programs, jars and job submission."""

from __future__ import annotations

BAD_PARALLELISM = "Parallelism must be at least one, or ExecutionConfig.PARALLELISM_DEFAULT (use system default)."
NO_JOBS = "No jobs included in application."
NO_PLAN = "The program plan could not be fetched - the program aborted pre-maturely."
NO_PLAN_HINT = " The root cause may be that the main method doesn't call `env.execute()` or `env.executeAsync()`."
"""Added in 1.19 (PackagedProgramUtils)."""
NO_ENTRY_CLASS = "Neither a 'Main-Class', nor a 'program-class' entry was found in the jar file."
APPLICATION_ALREADY_SUBMITTED = "Application has already been submitted."
JOB_ALREADY_SUBMITTED = "Job has already been submitted."
EMPTY_JOB = "The given job is empty"
JOB_NOT_SUBMITTED = "Failed to submit job."
JOB_MASTER_NOT_STARTED = "Could not start the JobMaster."
JOB_MANAGER_NOT_INSTANTIATED = "Could not instantiate JobManager."
CONFUSING_ARGUMENTS = (
    "Confusing request: programArgs and programArgsList are specified, please, use only programArgsList"
)
DISK_FULL = "No space left on device"
NO_PLAN_FILE_NAME = "The jobGraphFileName field must not be omitted or be null."
"""2.x has the same text, although it calls the field executionPlanFileName."""
NO_MAIN_METHOD = "The given program class does not have a main(String[]) method."


def entry_class_not_found(name: str) -> str:
    return f"The program's entry point class '{name}' was not found in the jar file."


def main_method_failed(reason: str | None) -> str:
    return f"The main method caused an error: {reason}"


def program_output(location: str, printed: str) -> str:
    """Return the text after NO_PLAN: the class path and the output of the program."""
    return f"\n\nClasspath: [file:{location}]\n\nSystem.out: {printed or '(none)'}\n\nSystem.err: (none)"


def job_not_executed(job_name: str) -> str:
    return f"Failed to execute job '{job_name}'."


def not_one_file(file_count: int) -> str:
    return f"Exactly 1 file must be sent, received {file_count}."


def jar_not_moved(uploaded: str, destination: str) -> str:
    return f"Could not move uploaded jar file [{uploaded}] to [{destination}]."


def file_not_on_server(kind: str, name: str) -> str:
    """Return the message for a missing file; `kind` is "JobGraph", "ExecutionPlan", "Jar" or "Artifact"."""
    return f"{kind} file {name} could not be found on the server."


def not_deserialized(kind: str) -> str:
    """Return the message for invalid bytes; `kind` is "JobGraph" or "ExecutionPlan"."""
    return f"Failed to deserialize {kind}."


def could_not_parse(option: str, value: str) -> str:
    return f"Could not parse value '{value}' for key '{option}'."


def not_a_number(value: str) -> str:
    return f'For input string: "{value}"'


def not_a_duration(value: str) -> str:
    return f"text does not start with a number, and is not a valid ISO-8601 duration format: {value}"


def results_not_serializable(job_name: str, reason: str) -> str:
    """Return a message of flinkmock, not of Flink: the scenario has a row that the program can't read."""
    return f"The scenario gives results to the job '{job_name}' that it can't collect: {reason}"
