"""Stack frames of Flink with the line numbers of each release, for flame graphs, thread dumps and stack traces."""

from __future__ import annotations

from dataclasses import dataclass

from flinkmock.flink.frame import LAMBDA, Frame
from flinkmock.flink.java_frames import java_frames_of
from flinkmock.release import Release

_TASK = "org.apache.flink.runtime.taskmanager.Task"
_STREAM_TASK = "org.apache.flink.streaming.runtime.tasks.StreamTask"
_MAILBOX = "org.apache.flink.streaming.runtime.tasks.mailbox.MailboxProcessor"
_IO = "org.apache.flink.streaming.runtime.io"


@dataclass(frozen=True, slots=True)
class ReleaseLineNumbers:
    """The line numbers of calls in one release of Flink. Each field names the calling class and method."""

    task_run: int
    task_do_run: int
    task_restore_and_invoke: int | None
    """None if the release lacks the method; the same is true of the next field."""
    task_run_with_system_exit_monitoring: int | None
    stream_task_invoke: int
    stream_task_run_mailbox_loop: int
    mailbox_loop_if_idle: int
    mailbox_loop_if_busy: int
    mailbox_process_mail: int
    mailbox_process_mails_when_idle: int
    mailbox_take: int
    stream_task_process_input: int
    one_input_processor_process_input: int
    source_input_emit_next: int
    source_operator_emit_next: int


_LINE_NUMBERS = {
    "1.13": ReleaseLineNumbers(566, 779, None, None, 623, 684, 202, 204, 330, 341, 149, 423, 66, 69, 305),
    "1.14": ReleaseLineNumbers(575, 766, 937, 958, 758, 806, 201, 203, 324, 335, 149, 495, 65, 68, 354),
    "1.15": ReleaseLineNumbers(563, 741, 927, 948, 756, 807, 201, 203, 324, 335, 149, 519, 65, 68, 385),
    "1.16": ReleaseLineNumbers(550, 728, 914, 935, 785, 836, 229, 231, 352, 363, 149, 545, 65, 68, 389),
    "1.17": ReleaseLineNumbers(562, 745, 931, 952, 788, 839, 229, 231, 352, 363, 149, 550, 65, 68, 419),
    "1.18": ReleaseLineNumbers(562, 746, 932, 953, 807, 858, 229, 231, 352, 363, 149, 562, 65, 68, 419),
    "1.19": ReleaseLineNumbers(566, 751, 937, 958, 859, 917, 229, 231, 352, 363, 149, 580, 65, 68, 443),
    "1.20": ReleaseLineNumbers(575, 763, 949, 970, 917, 973, 229, 231, 368, 379, 149, 638, 65, 68, 443),
    "2.0": ReleaseLineNumbers(568, 756, 942, 963, 917, 980, 229, 231, 368, 379, 149, 638, 65, 68, 466),
    "2.1": ReleaseLineNumbers(568, 756, 942, 963, 917, 980, 229, 231, 369, 380, 161, 638, 65, 68, 495),
    "2.2": ReleaseLineNumbers(569, 760, 955, 973, 925, 988, 229, 231, 369, 380, 161, 646, 65, 68, 507),
    "2.3": ReleaseLineNumbers(579, 774, 969, 987, 959, 1022, 229, 231, 369, 380, 161, 656, 65, 68, 535),
}
"""The line numbers by release, from flame graphs of a live cluster of each release. 1.12 has no flame graphs."""


def _lambda_suffix(release: Release) -> str:
    """Return the end of the name of a lambda's class, after the name of the outer class."""
    # Since 1.19, all lambdas have the same name, so that samples of several JVMs can be added up.
    return "$$Lambda$0/0x0" if release.since("1.19") else "$$Lambda$864/0x00007f3d345c5598"


def _frames_to_mailbox_loop(release: Release, lines: ReleaseLineNumbers) -> tuple[Frame, ...]:
    """Return the frames with which all stacks of tasks begin: from the start of the thread to the mailbox loop."""
    restore_frames = (
        (
            Frame(_TASK, "restoreAndInvoke", lines.task_restore_and_invoke),
            Frame(_TASK, "runWithSystemExitMonitoring", lines.task_run_with_system_exit_monitoring),
            Frame(_TASK + _lambda_suffix(release), "run", LAMBDA),
        )
        if lines.task_restore_and_invoke is not None and lines.task_run_with_system_exit_monitoring is not None
        else ()
    )
    return (
        java_frames_of(release).thread_run,
        Frame(_TASK, "run", lines.task_run),
        Frame(_TASK, "doRun", lines.task_do_run),
        *restore_frames,
        Frame(_STREAM_TASK, "invoke", lines.stream_task_invoke),
        Frame(_STREAM_TASK, "runMailboxLoop", lines.stream_task_run_mailbox_loop),
    )


def idle_stack(release: Release) -> tuple[Frame, ...]:
    """Return the stack of a task that waits for input or for buffers, outermost frame first."""
    lines = _line_numbers(release)
    return (
        *_frames_to_mailbox_loop(release, lines),
        Frame(_MAILBOX, "runMailboxLoop", lines.mailbox_loop_if_idle),
        Frame(_MAILBOX, "processMail", lines.mailbox_process_mail),
        Frame(_MAILBOX, "processMailsWhenDefaultActionUnavailable", lines.mailbox_process_mails_when_idle),
        Frame("org.apache.flink.streaming.runtime.tasks.mailbox.TaskMailboxImpl", "take", lines.mailbox_take),
        *reversed(java_frames_of(release).await_with_timeout),
    )


def busy_stack(release: Release, *, is_source: bool) -> tuple[Frame, ...]:
    """Return the stack of a task that processes records, outermost frame first."""
    lines = _line_numbers(release)
    source_frames = (
        (
            Frame(f"{_IO}.StreamTaskSourceInput", "emitNext", lines.source_input_emit_next),
            Frame(
                "org.apache.flink.streaming.api.operators.SourceOperator", "emitNext", lines.source_operator_emit_next
            ),
        )
        if is_source
        else ()
    )
    return (
        *_frames_to_mailbox_loop(release, lines),
        Frame(_MAILBOX, "runMailboxLoop", lines.mailbox_loop_if_busy),
        Frame(_STREAM_TASK + _lambda_suffix(release), "runDefaultAction", LAMBDA),
        Frame(_STREAM_TASK, "processInput", lines.stream_task_process_input),
        Frame(f"{_IO}.StreamOneInputProcessor", "processInput", lines.one_input_processor_process_input),
        *source_frames,
    )


def _line_numbers(release: Release) -> ReleaseLineNumbers:
    """Return the line numbers of a release.

    1.12 gets the line numbers of 1.13; a release that is not in the table gets those of the newest earlier release.
    """
    up_to_release = [lines for minor, lines in _LINE_NUMBERS.items() if release.since(minor)]
    return up_to_release[-1] if up_to_release else _LINE_NUMBERS["1.13"]


# The frames of exceptions, innermost first. Releases with unknown line numbers have none.

REST_HANDLER_FRAMES = (
    "org.apache.flink.runtime.rest.handler.AbstractRestHandler.respondToRequest(AbstractRestHandler.java:83)",
)
"""The frames of all exceptions of REST handlers. All recorded releases have the same line number."""

_FAILOVER = "org.apache.flink.runtime.executiongraph.failover"
_JOB_MASTER_FRAMES = {
    "1.12": (
        f"{_FAILOVER}.flip1.ExecutionFailureHandler.handleFailure(ExecutionFailureHandler.java:118)",
        f"{_FAILOVER}.flip1.ExecutionFailureHandler.getFailureHandlingResult(ExecutionFailureHandler.java:80)",
    ),
    "1.18": (
        f"{_FAILOVER}.flip1.ExecutionFailureHandler.handleFailure(ExecutionFailureHandler.java:176)",
        f"{_FAILOVER}.flip1.ExecutionFailureHandler.getFailureHandlingResult(ExecutionFailureHandler.java:107)",
    ),
    **dict.fromkeys(
        ("1.20", "2.1"),
        (
            f"{_FAILOVER}.ExecutionFailureHandler.handleFailure(ExecutionFailureHandler.java:219)",
            f"{_FAILOVER}.ExecutionFailureHandler.handleFailureAndReport(ExecutionFailureHandler.java:166)",
        ),
    ),
    "2.3": (
        f"{_FAILOVER}.ExecutionFailureHandler.handleFailure(ExecutionFailureHandler.java:213)",
        f"{_FAILOVER}.ExecutionFailureHandler.handleFailureAndReport(ExecutionFailureHandler.java:163)",
    ),
}
"""The frames by release, recorded by the suite `lifecycle`."""

_DEPLOYER = "org.apache.flink.runtime.scheduler.DefaultExecutionDeployer"
_SLOT_ASSIGNMENT_FRAMES = dict.fromkeys(
    ("1.20", "2.3"), (f"{_DEPLOYER}.lambda$assignResource$4(DefaultExecutionDeployer.java:226)",)
)
"""The frames by recorded release (tests/situations, step `old: FAILED exceptions`)."""

_APPLICATION = "org.apache.flink.client.deployment.application.PackagedProgramApplication"
_PROGRAM = "org.apache.flink.client.program.PackagedProgram"
_APPLICATION_FRAMES = {
    "2.3": (
        f"{_APPLICATION}.runApplicationEntryPoint(PackagedProgramApplication.java:732)",
        f"{_APPLICATION}.lambda$execute$0(PackagedProgramApplication.java:232)",
        "java.base/java.util.concurrent.Executors$RunnableAdapter.call(Executors.java:539)",
        "java.base/java.util.concurrent.FutureTask.run(FutureTask.java:264)",
    )
}
_MAIN_METHOD_FRAMES = {
    "2.3": (
        f"{_PROGRAM}.callMainMethod(PackagedProgram.java:376)",
        f"{_PROGRAM}.invokeInteractiveModeForExecution(PackagedProgram.java:239)",
        "org.apache.flink.client.ClientUtils.executeProgram(ClientUtils.java:138)",
        f"{_APPLICATION}.runApplicationEntryPoint(PackagedProgramApplication.java:695)",
    )
}
"""The innermost frames in 2.3.0, the first release with `/applications` (tests/situations)."""

_FUTURE_FRAMES = (
    "java.base/java.util.concurrent.CompletableFuture.encodeThrowable(CompletableFuture.java:332)",
    "java.base/java.util.concurrent.CompletableFuture.uniComposeStage(CompletableFuture.java:1177)",
)
"""The frames of Java 17, recorded with all releases that run on it."""


def task_frames(release: Release) -> tuple[str, ...]:
    """Return the frames of an exception that a task throws while it processes records."""
    if release.minor not in _LINE_NUMBERS:
        return ()
    frames = [frame for frame in reversed(busy_stack(release, is_source=False)) if frame.line != LAMBDA]
    return tuple(
        f"java.base/{frame.thread_dump_text()}" if frame.class_name.startswith("java.") else frame.thread_dump_text()
        for frame in frames
    )


def job_master_frames(release: Release) -> tuple[str, ...]:
    """Return the frames of the exception of a job whose restart strategy allows no more restarts."""
    return _JOB_MASTER_FRAMES.get(release.minor, ())


def application_frames(release: Release) -> tuple[str, ...]:
    """Return the frames of the exception that an application fails with."""
    return _APPLICATION_FRAMES.get(release.minor, ())


def main_method_frames(release: Release) -> tuple[str, ...]:
    """Return the frames of the exception that a main method fails with."""
    return _MAIN_METHOD_FRAMES.get(release.minor, ())


def slot_assignment_frames(release: Release) -> tuple[str, ...]:
    """Return the frames of the exception that a task without a slot fails with."""
    return _SLOT_ASSIGNMENT_FRAMES.get(release.minor, future_frames(release))


def future_frames(release: Release) -> tuple[str, ...]:
    """Return the frames that CompletableFuture adds to the exception of an asynchronous computation."""
    return _FUTURE_FRAMES if release.since("1.15") else ()
