"""Stack frames of a Flink task, with each release's line numbers: for flame graphs and thread dumps."""

from __future__ import annotations

from dataclasses import dataclass

from flinkmock.release import Release

LAMBDA = -1
NATIVE = -2
"""Line numbers Java gives to what has none."""

_TASK = "org.apache.flink.runtime.taskmanager.Task"
_STREAM_TASK = "org.apache.flink.streaming.runtime.tasks.StreamTask"
_MAILBOX = "org.apache.flink.streaming.runtime.tasks.mailbox.MailboxProcessor"
_IO = "org.apache.flink.streaming.runtime.io"
_CONDITION = "java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject"


@dataclass(frozen=True, slots=True)
class Frame:
    """A method on a stack and where it stands."""

    class_name: str
    method: str
    line: int

    @property
    def name(self) -> str:
        """As in a flame graph: `class.method:line`."""
        return f"{self.class_name}.{self.method}:{self.line}"

    @property
    def file(self) -> str:
        return self.class_name.rpartition(".")[2].partition("$")[0] + ".java"

    def place(self) -> str:
        """As in a thread dump: `class.method(File.java:line)`."""
        where = {LAMBDA: "Unknown Source", NATIVE: "Native Method"}.get(self.line, f"{self.file}:{self.line}")
        return f"{self.class_name}.{self.method}({where})"


@dataclass(frozen=True, slots=True)
class ReleaseLineNumbers:
    """Line numbers within one release of Flink; `restore` and `monitor` are None where Task has no such method."""

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


# Read from flame graphs of live clusters, one of each release. 1.12 has no flame graph: its dumps use the next one's.
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
    # 1.19 and later clean the names of lambdas, so that samples of different JVMs can be added up.
    return "$$Lambda$0/0x0" if release.since("1.19") else "$$Lambda$864/0x00007f3d345c5598"


def _trunk(release: Release, lines: ReleaseLineNumbers) -> tuple[Frame, ...]:
    """From the thread's start to the mailbox loop: what every stack of a task begins with."""
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
        Frame("java.lang.Thread", "run", 840),
        Frame(_TASK, "run", lines.run),
        Frame(_TASK, "doRun", lines.do_run),
        *restoring,
        Frame(_STREAM_TASK, "invoke", lines.invoke),
        Frame(_STREAM_TASK, "runMailboxLoop", lines.loop),
    )


def idle_stack(release: Release) -> tuple[Frame, ...]:
    """A task that waits for input or for buffers, outermost frame first."""
    lines = _lines(release)
    return (
        *_trunk(release, lines),
        Frame(_MAILBOX, "runMailboxLoop", lines.wait),
        Frame(_MAILBOX, "processMail", lines.mail),
        Frame(_MAILBOX, "processMailsWhenDefaultActionUnavailable", lines.idle),
        Frame("org.apache.flink.streaming.runtime.tasks.mailbox.TaskMailboxImpl", "take", lines.take),
        Frame(_CONDITION, "await", 1764),
        Frame("java.util.concurrent.locks.LockSupport", "parkNanos", 252),
        Frame("jdk.internal.misc.Unsafe", "park", NATIVE),
    )


def busy_stack(release: Release, is_source: bool) -> tuple[Frame, ...]:
    """A task that processes records."""
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
        *_trunk(release, lines),
        Frame(_MAILBOX, "runMailboxLoop", lines.work),
        Frame(_STREAM_TASK + _lambda(release), "runDefaultAction", LAMBDA),
        Frame(_STREAM_TASK, "processInput", lines.process),
        Frame(f"{_IO}.StreamOneInputProcessor", "processInput", lines.one_input),
        *work,
    )


def _lines(release: Release) -> ReleaseLineNumbers:
    """Those of the release; of a later one than we know, the newest known."""
    known = [lines for minor, lines in _LINES.items() if release.since(minor)]
    return known[-1] if known else _LINES["1.13"]
