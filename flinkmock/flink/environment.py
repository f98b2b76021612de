"""The machine and the Java of a fake cluster: a container of Flink's official image.

These values are visible in `/jobmanager/environment`, the hardware of TaskManagers, thread dumps and logs. Nothing else
depends on them.
"""

from __future__ import annotations

from dataclasses import dataclass

from flinkmock.release import Release

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Environment:
    """A machine with Java: `java_build` is `java_version` with the build; memory is in bytes."""

    java_version: str
    java_build: str
    java_vendor: str = "Eclipse Adoptium"
    architecture: str = "amd64"
    cores: int = 2
    physical_memory: int = 16 * GIB
    user: str = "flink"
    home: str = "/opt/flink"
    """Where Flink is installed."""

    @property
    def vm(self) -> str:
        """The description of the JVM (EnvironmentInformation.getJvmVersion)."""
        major = self.java_version.partition(".")[0]
        return f"OpenJDK 64-Bit Server VM - {self.java_vendor} - {major}/{self.java_build}"

    def log_file(self, daemon: str, number: int, host: str) -> str:
        """Return the path of a process's log file (`bin/flink-daemon.sh`); `daemon` is e.g. "taskexecutor"."""
        return f"{self.home}/log/flink-{self.user}-{daemon}-{number}-{host}.log"


JAVA_17 = Environment("17.0.15", "17.0.15+6")
JAVA_11 = Environment("11.0.13", "11.0.13+8")


def environment_of(release: Release) -> Environment:
    """Return the environment of a release: Java 17 since 1.15, which is the first that runs on it, else Java 11."""
    return JAVA_17 if release.since("1.15") else JAVA_11
