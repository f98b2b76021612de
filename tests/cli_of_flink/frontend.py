"""Flink's own `flink` command: the class that its shell script starts, out of the jars of a distribution."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

OPENS = ("lang", "net", "io", "nio", "time", "util", "util.concurrent")
"""Packages of java.base that Flink looks into; its own script opens them, too."""
LOG4J = "rootLogger.level = OFF\n"
PATIENCE = 90
"""Seconds for one command; it starts a JVM."""


def java() -> str | None:
    home = os.environ.get("JAVA_HOME")
    return shutil.which(Path(home) / "bin" / "java") if home else shutil.which("java")


def libraries(minor: str) -> Path | None:
    """The folder with the jars of a release, among what FLINKMOCK_DIST names (flink-dist jars, or folders with one)."""
    for path in filter(None, os.environ.get("FLINKMOCK_DIST", "").split(os.pathsep)):
        for folder in (Path(path), Path(path) / "lib", Path(path).parent):
            if any(folder.glob(f"flink-dist*-{minor}.*.jar")):
                return folder
    return None


@dataclass(frozen=True)
class Frontend:
    """The command line for a cluster at `address` ("localhost:8081"); `folder` is for its configuration."""

    java: str
    libraries: Path
    folder: Path
    address: str

    def prepare(self) -> None:
        host, port = self.address.split(":")
        settings = {"rest.address": host, "rest.port": port, "jobmanager.rpc.address": host}
        for name in ("config.yaml", "flink-conf.yaml"):  # since 1.19, and before
            text = "".join(f"{key}: {value}\n" for key, value in settings.items())
            (self.folder / name).write_text(text, encoding="utf-8")
        (self.folder / "log4j.properties").write_text(LOG4J, encoding="utf-8")

    def __call__(self, arguments: Sequence[str], settings: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Exit code and all that was printed. `settings` are further variables of the environment."""
        log4j = (self.folder / "log4j.properties").as_uri()
        command = [
            self.java,
            *(f"--add-opens=java.base/java.{package}=ALL-UNNAMED" for package in OPENS),
            "-Xmx300m",
            f"-Dlog4j.configurationFile={log4j}",
            f"-Dlog4j.configuration={log4j}",
            "-cp",
            os.pathsep.join(map(str, sorted(self.libraries.glob("*.jar")))),
            "org.apache.flink.client.cli.CliFrontend",
            *arguments,
        ]
        ended = subprocess.run(
            command,
            env={**os.environ, "FLINK_CONF_DIR": str(self.folder), **(settings or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
        return ended.returncode, ended.stdout.decode("utf-8", "replace")
