"""The machine and the Java version of a fake cluster, as in a container of Flink's official image.

They appear in `/jobmanager/environment`, the hardware of TaskManagers, thread dumps and logs. Flink's directory is also
the working directory, to which local paths are relative.
"""

from __future__ import annotations

from dataclasses import dataclass

from flinkmock.release import Release

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Environment:
    """A machine with Java. `java_build` is the Java version with its build number; memory is in bytes."""

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
    def jvm_description(self) -> str:
        """The description of the JVM (EnvironmentInformation.getJvmVersion)."""
        major = self.java_version.partition(".")[0]
        return f"OpenJDK 64-Bit Server VM - {self.java_vendor} - {major}/{self.java_build}"

    def log_file(self, daemon: str, number: int, host: str) -> str:
        """Return the path of a process's log file (`bin/flink-daemon.sh`).

        Args:
            daemon: The name of the process in the script: "standalonesession" or "taskexecutor".
            number: The number of the process on its host, from 0.
            host: The name of the host.
        """
        return f"{self.home}/log/flink-{self.user}-{daemon}-{number}-{host}.log"


JAVA_17 = Environment("17.0.15", "17.0.15+6")
JAVA_11 = Environment("11.0.13", "11.0.13+8")


def environment_of(release: Release) -> Environment:
    """Return the environment of a release: Java 17 since 1.15, the first release that runs on it; Java 11 before."""
    return JAVA_17 if release.since("1.15") else JAVA_11
