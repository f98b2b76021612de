"""Stack frames of Flink with the line numbers of each release, for flame graphs, thread dumps and stack traces."""

from __future__ import annotations

from dataclasses import dataclass

from flinkmock.release import Release

LAMBDA = -1
NATIVE = -2
"""The line numbers of frames that have none: lambdas and native methods."""

_TASK = "org.apache.flink.runtime.taskmanager.Task"
_STREAM_TASK = "org.apache.flink.streaming.runtime.tasks.StreamTask"
_MAILBOX = "org.apache.flink.streaming.runtime.tasks.mailbox.MailboxProcessor"
_IO = "org.apache.flink.streaming.runtime.io"
_CONDITION = "java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject"


@dataclass(frozen=True, slots=True)
class Frame:
    """A method on a stack, with its line number."""

    class_name: str
    method: str
    line: int

    @property
    def name(self) -> str:
        """Return the frame as in flame graphs: `class.method:line`."""
        return f"{self.class_name}.{self.method}:{self.line}"

    @property
    def file(self) -> str:
        return self.class_name.rpartition(".")[2].partition("$")[0] + ".java"

    def line_of_dump(self) -> str:
        """Return the frame as in thread dumps: `class.method(File.java:line)`."""
        source = {LAMBDA: "Unknown Source", NATIVE: "Native Method"}.get(self.line, f"{self.file}:{self.line}")
        return f"{self.class_name}.{self.method}({source})"


@dataclass(frozen=True, slots=True)
class ReleaseLineNumbers:
    """The line numbers of one release of Flink; `restore` and `monitor` are None if Task has no such method."""

    run: int
    do_run: int
    restore: int | None
    monitor: int | None
    invoke: int
    loop: int
    wait: int
    work: int
    mail: int
    idle: int
    take: int
    process: int
    one_input: int
    source_input: int
    source: int


# Read from flame graphs of a live cluster of each release. 1.12 has no flame graphs; it has the lines of 1.13 here.
_LINES = {
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


def _lambda(release: Release) -> str:
    # Since 1.19, the names of lambdas are unified, so that samples of different JVMs can be added up.
    return "$$Lambda$0/0x0" if release.since("1.19") else "$$Lambda$864/0x00007f3d345c5598"


def _frames_to_mailbox_loop(release: Release, lines: ReleaseLineNumbers) -> tuple[Frame, ...]:
    """Return the frames from the start of a thread to the mailbox loop, which all stacks of tasks begin with."""
    restoring = (
        (
            Frame(_TASK, "restoreAndInvoke", lines.restore),
            Frame(_TASK, "runWithSystemExitMonitoring", lines.monitor),
            Frame(_TASK + _lambda(release), "run", LAMBDA),
        )
        if lines.restore is not None and lines.monitor is not None
        else ()
    )
    return (
        Frame("java.lang.Thread", "run", 840 if release.since("1.15") else 829),  # Java 17, Java 11
        Frame(_TASK, "run", lines.run),
        Frame(_TASK, "doRun", lines.do_run),
        *restoring,
        Frame(_STREAM_TASK, "invoke", lines.invoke),
        Frame(_STREAM_TASK, "runMailboxLoop", lines.loop),
    )


def idle_stack(release: Release) -> tuple[Frame, ...]:
    """Return the stack of a task that waits for input or for buffers, outermost frame first."""
    lines = _lines(release)
    return (
        *_frames_to_mailbox_loop(release, lines),
        Frame(_MAILBOX, "runMailboxLoop", lines.wait),
        Frame(_MAILBOX, "processMail", lines.mail),
        Frame(_MAILBOX, "processMailsWhenDefaultActionUnavailable", lines.idle),
        Frame("org.apache.flink.streaming.runtime.tasks.mailbox.TaskMailboxImpl", "take", lines.take),
        Frame(_CONDITION, "await", 1764),
        Frame("java.util.concurrent.locks.LockSupport", "parkNanos", 252),
        Frame("jdk.internal.misc.Unsafe", "park", NATIVE),
    )


def busy_stack(release: Release, is_source: bool) -> tuple[Frame, ...]:
    """Return the stack of a task that processes records, outermost frame first."""
    lines = _lines(release)
    work = (
        (
            Frame(f"{_IO}.StreamTaskSourceInput", "emitNext", lines.source_input),
            Frame("org.apache.flink.streaming.api.operators.SourceOperator", "emitNext", lines.source),
        )
        if is_source
        else ()
    )
    return (
        *_frames_to_mailbox_loop(release, lines),
        Frame(_MAILBOX, "runMailboxLoop", lines.work),
        Frame(_STREAM_TASK + _lambda(release), "runDefaultAction", LAMBDA),
        Frame(_STREAM_TASK, "processInput", lines.process),
        Frame(f"{_IO}.StreamOneInputProcessor", "processInput", lines.one_input),
        *work,
    )


def _lines(release: Release) -> ReleaseLineNumbers:
    """Return the line numbers of a release; unknown later releases have those of the newest known one."""
    known = [lines for minor, lines in _LINES.items() if release.since(minor)]
    return known[-1] if known else _LINES["1.13"]


# Stack traces, innermost call first. Releases with unknown line numbers have no frames.

REST_HANDLER_TRACE = (
    "org.apache.flink.runtime.rest.handler.AbstractRestHandler.respondToRequest(AbstractRestHandler.java:83)",
)
"""The frame in the stack traces of all exceptions of REST handlers. All recorded releases have the same line."""

_FAILOVER = "org.apache.flink.runtime.executiongraph.failover"
_OF_JOB_MASTER = {
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
"""The frames by recorded release (suite lifecycle)."""

_DEPLOYER = "org.apache.flink.runtime.scheduler.DefaultExecutionDeployer"
_OF_SLOT_ASSIGNMENT = dict.fromkeys(
    ("1.20", "2.3"), (f"{_DEPLOYER}.lambda$assignResource$4(DefaultExecutionDeployer.java:226)",)
)
"""The frames by recorded release (situations: old: exceptions)."""

_APPLICATION = "org.apache.flink.client.deployment.application.PackagedProgramApplication"
_PROGRAM = "org.apache.flink.client.program.PackagedProgram"
_OF_APPLICATION = {
    "2.3": (
        f"{_APPLICATION}.runApplicationEntryPoint(PackagedProgramApplication.java:732)",
        f"{_APPLICATION}.lambda$execute$0(PackagedProgramApplication.java:232)",
        "java.base/java.util.concurrent.Executors$RunnableAdapter.call(Executors.java:539)",
        "java.base/java.util.concurrent.FutureTask.run(FutureTask.java:264)",
    )
}
_OF_MAIN_METHOD = {
    "2.3": (
        f"{_PROGRAM}.callMainMethod(PackagedProgram.java:376)",
        f"{_PROGRAM}.invokeInteractiveModeForExecution(PackagedProgram.java:239)",
        "org.apache.flink.client.ClientUtils.executeProgram(ClientUtils.java:138)",
        f"{_APPLICATION}.runApplicationEntryPoint(PackagedProgramApplication.java:695)",
    )
}
"""The innermost frames in 2.3.0, the first release with applications (situations: applications)."""

_OF_FUTURE = (
    "java.base/java.util.concurrent.CompletableFuture.encodeThrowable(CompletableFuture.java:332)",
    "java.base/java.util.concurrent.CompletableFuture.uniComposeStage(CompletableFuture.java:1177)",
)
"""The frames of Java 17 (recorded with all releases that run on it)."""


def task_trace(release: Release) -> tuple[str, ...]:
    """Return the frames of an exception that a task throws while it processes records."""
    if release.minor not in _LINES:
        return ()
    calls = [frame for frame in reversed(busy_stack(release, is_source=False)) if frame.line != LAMBDA]
    return tuple(
        f"java.base/{call.line_of_dump()}" if call.class_name.startswith("java.") else call.line_of_dump()
        for call in calls
    )


def job_master_trace(release: Release) -> tuple[str, ...]:
    """Return the frames of the exception that a job fails with when its restart strategy gives up."""
    return _OF_JOB_MASTER.get(release.minor, ())


def application_trace(release: Release) -> tuple[str, ...]:
    """Return the frames of the exception that an application fails with."""
    return _OF_APPLICATION.get(release.minor, ())


def main_method_trace(release: Release) -> tuple[str, ...]:
    """Return the frames of the exception that a main method fails with."""
    return _OF_MAIN_METHOD.get(release.minor, ())


def slot_assignment_trace(release: Release) -> tuple[str, ...]:
    """Return the frames of the exception that a task without a slot fails with."""
    return _OF_SLOT_ASSIGNMENT.get(release.minor, future_trace(release))


def future_trace(release: Release) -> tuple[str, ...]:
    """Return the frames of the exception that an async operation fails with."""
    return _OF_FUTURE if release.since("1.15") else ()
