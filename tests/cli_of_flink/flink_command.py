"""Runs Flink's own `flink` command: the class that its shell script starts, from the jars of a distribution."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.timeouts import TEST_TIMEOUT_S

OPEN_PACKAGES = ("lang", "net", "io", "nio", "time", "util", "util.concurrent")
"""Packages of java.base that Flink accesses by reflection; its own script opens them, too."""
LOG4J_PROPERTIES = "rootLogger.level = OFF\n"


def find_java() -> str | None:
    """Return the path of the program java in JAVA_HOME, if that is set, else on the PATH; None if there is none."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which(Path(home) / "bin" / "java") if home else shutil.which("java")


def find_libraries(minor: str) -> Path | None:
    """Return the folder with the jars of a release; None if FLINKMOCK_DIST (paths of jars or folders) has none."""
    for path in filter(None, os.environ.get("FLINKMOCK_DIST", "").split(os.pathsep)):
        for folder in (Path(path), Path(path) / "lib", Path(path).parent):
            if any(folder.glob(f"flink-dist*-{minor}.*.jar")):
                return folder
    return None


@dataclass(frozen=True)
class FlinkCommand:
    """Flink's command line for one cluster.

    Attributes:
        java: The path of Java.
        libraries: The folder with the jars of a distribution.
        folder: The folder for the configuration.
        address: Host and port of the cluster: "localhost:8081".
    """

    java: str
    libraries: Path
    folder: Path
    address: str

    def write_configuration(self) -> None:
        host, port = self.address.split(":")
        settings = {"rest.address": host, "rest.port": port, "jobmanager.rpc.address": host}
        for name in ("config.yaml", "flink-conf.yaml"):  # the names since 1.19, and until 1.18
            text = "".join(f"{key}: {value}\n" for key, value in settings.items())
            (self.folder / name).write_text(text, encoding="utf-8")
        (self.folder / "log4j.properties").write_text(LOG4J_PROPERTIES, encoding="utf-8")

    def run(self, arguments: Sequence[str], variables: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Run a command with further environment variables. Return the exit code, and standard output and error."""
        log4j = (self.folder / "log4j.properties").as_uri()
        command = [
            self.java,
            *(f"--add-opens=java.base/java.{package}=ALL-UNNAMED" for package in OPEN_PACKAGES),
            "-Xmx300m",
            f"-Dlog4j.configurationFile={log4j}",
            f"-Dlog4j.configuration={log4j}",
            "-cp",
            os.pathsep.join(map(str, sorted(self.libraries.glob("*.jar")))),
            "org.apache.flink.client.cli.CliFrontend",
            *arguments,
        ]
        completed = subprocess.run(
            command,
            env={**os.environ, "FLINK_CONF_DIR": str(self.folder), **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TEST_TIMEOUT_S,
            check=False,
        )
        return completed.returncode, completed.stdout.decode("utf-8", "replace")
