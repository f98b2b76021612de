"""A real session cluster: a JobManager, and TaskManagers with four slots, on free ports of the loopback interface."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

_START_TIMEOUT_S = 300
_OPENED_PACKAGES = (
    "lang", "net", "io", "nio", "lang.reflect", "text", "time", "util", "util.concurrent", "util.concurrent.atomic",
    "util.concurrent.locks",
)  # fmt: skip
_MODULE_OPTIONS = [
    "--add-exports=java.base/sun.net.util=ALL-UNNAMED",
    "--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED",
    "--add-exports=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    *(f"--add-opens=java.base/java.{package}=ALL-UNNAMED" for package in _OPENED_PACKAGES),
]
"""The JVM options of bin/config.sh, which give serialization and Akka access to packages of Java 17."""
_CONFIGURATION = """\
jobmanager.rpc.address: localhost
jobmanager.rpc.port: {rpc}
jobmanager.bind-host: localhost
taskmanager.bind-host: localhost
taskmanager.host: localhost
jobmanager.memory.process.size: 1600m
taskmanager.memory.process.size: 1728m
taskmanager.numberOfTaskSlots: 4
parallelism.default: 2
rest.port: {rest}
rest.address: localhost
rest.bind-address: localhost
rest.flamegraph.enabled: true
web.upload.dir: {folder}/upload
io.tmp.dirs: {folder}/tmp
state.savepoints.dir: file://{folder}/savepoints
state.checkpoints.dir: file://{folder}/checkpoints
execution.checkpointing.interval: 5s
"""
_LOGGING = """\
rootLogger.level = INFO
rootLogger.appenderRef.f.ref = F
appender.f.name = F
appender.f.type = FILE
appender.f.fileName = ${sys:log.file}
appender.f.layout.type = PatternLayout
appender.f.layout.pattern = %d{yyyy-MM-dd HH:mm:ss,SSS} %-5p %-60c %x - %m%n
"""
_RUNTIME = "org.apache.flink.runtime"


class RealCluster:
    """The processes of a real session cluster.

    Args:
        home: The folder of a Flink distribution, with lib/ and bin/.
        java: The Java that runs Flink: a path, or the name of a command.
        folder: The folder for configuration, logs, savepoints and checkpoints.
        options: Further lines of the configuration, such as "jobmanager.scheduler: adaptive".
    """

    def __init__(self, home: Path, java: str, folder: Path, options: Sequence[str] = ()) -> None:
        rest_port, rpc_port = free_port(), free_port()
        for name in ("conf", "log", "tmp", "savepoints", "checkpoints", "upload"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        text = _CONFIGURATION.format(rpc=rpc_port, rest=rest_port, folder=folder) + "".join(
            f"{line}\n" for line in options
        )
        for name in ("flink-conf.yaml", "config.yaml"):  # the names until 1.18, and since 1.19
            (folder / "conf" / name).write_text(text)
        (folder / "conf" / "log4j.properties").write_text(_LOGGING)
        self.url = f"http://localhost:{rest_port}"
        self.folder = folder
        self._launcher = Launcher(home, java, folder)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._jobmanager: subprocess.Popen[bytes]
        self._taskmanagers: list[subprocess.Popen[bytes]] = []
        self._taskmanager_memory_options: list[str] = []
        self._taskmanager_count = 0

    def start(self, taskmanager_count: int) -> None:
        """Start the JobManager and TaskManagers. Raises RuntimeError if they are not ready in time."""
        self.start_jobmanager()
        self._taskmanager_memory_options = self._launcher.taskmanager_memory_options()
        self._taskmanager_count = taskmanager_count
        self.restart_ended_processes()
        self._await_slots(4 * taskmanager_count)

    def restart_ended_processes(self) -> None:
        """Replace processes that have ended: on a busy machine, some fail because they do not start within 10 s."""
        if self._jobmanager.poll() is not None:
            self.start_jobmanager()
        running_count = sum(process.poll() is None for process in self._taskmanagers)
        for _ in range(self._taskmanager_count - running_count):
            self.start_taskmanager()

    def _await_slots(self, slot_count: int) -> None:
        deadline = time.time() + _START_TIMEOUT_S
        while time.time() < deadline:
            with (
                contextlib.suppress(OSError, ValueError, KeyError),
                urllib.request.urlopen(f"{self.url}/overview", timeout=30) as response,
            ):
                if json.load(response)["slots-total"] == slot_count:
                    return
            time.sleep(0.5)
            self.restart_ended_processes()
        raise RuntimeError(f"the cluster is not ready after {_START_TIMEOUT_S} s; see the logs in {self.folder}/log")

    def start_jobmanager(self) -> None:
        """Start the JobManager, without waiting for it."""
        main_class = f"{_RUNTIME}.entrypoint.StandaloneSessionClusterEntrypoint"
        self._jobmanager = self._launcher.start("jm", main_class)
        self._processes.append(self._jobmanager)

    def kill_jobmanager(self) -> None:
        """Kill the JobManager; its jobs are lost with it."""
        self._jobmanager.kill()
        self._jobmanager.wait()

    def start_taskmanager(self) -> None:
        """Start one more TaskManager, without waiting for it."""
        name = f"tm{len(self._taskmanagers) + 1}"
        main_class = f"{_RUNTIME}.taskexecutor.TaskManagerRunner"
        process = self._launcher.start(name, main_class, *self._taskmanager_memory_options)
        self._taskmanagers.append(process)
        self._processes.append(process)

    def kill_taskmanager(self) -> None:
        """Kill the oldest running TaskManager. The JobManager notices the missing heartbeats."""
        oldest = next((process for process in self._taskmanagers if process.poll() is None), None)
        if oldest is not None:
            oldest.kill()
            oldest.wait()

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            process.wait(30)


@contextlib.contextmanager
def real_cluster(
    home: Path, java: str, folder: Path, options: Sequence[str] = (), taskmanager_count: int = 1
) -> Iterator[str]:
    """Run a cluster and yield its base URL. The arguments are those of `RealCluster` and of its `start`.

    Raises:
        RuntimeError: The cluster is not ready in time. Its logs are in `folder`.
    """
    cluster = RealCluster(home, java, folder, options)
    try:
        cluster.start(taskmanager_count)
        yield cluster.url
    finally:
        cluster.stop()


class Launcher:
    """Starts the Java processes of a cluster. The arguments are those of `RealCluster`.

    The processes run in another working directory, so relative paths are made absolute.
    """

    def __init__(self, home: Path, java: str, folder: Path) -> None:
        home, self._folder = home.absolute(), folder.absolute()
        self._java = str(Path(java).absolute()) if os.sep in java else java
        self._conf_folder = self._folder / "conf"
        self._class_path = ":".join(str(jar) for jar in sorted((home / "lib").glob("*.jar")))
        self._bash_utils_jar = home / "bin" / "bash-java-utils.jar"
        self._environment = os.environ | {
            "FLINK_CONF_DIR": str(self._conf_folder),
            "FLINK_LIB_DIR": str(home / "lib"),
            "FLINK_OPT_DIR": str(home / "opt"),
            "FLINK_PLUGINS_DIR": str(home / "plugins"),
        }

    def start(self, name: str, main_class: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a process whose log is flink-NAME.log."""
        log = self._folder / "log" / f"flink-{name}.log"
        logging = f"file:{self._conf_folder}/log4j.properties"
        command = [
            self._java, *_MODULE_OPTIONS, "-Xmx700m", f"-Dlog.file={log}", f"-Dlog4j.configurationFile={logging}",
            f"-Dlog4j.configuration={logging}", "-cp", self._class_path,
            main_class, "--configDir", str(self._conf_folder), *arguments,
        ]  # fmt: skip
        with log.with_suffix(".out").open("wb") as out:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=self._environment,
                cwd=self._folder / "tmp",  # savepoints with a relative target go there
            )  # fmt: skip

    def taskmanager_memory_options(self) -> list[str]:
        """Return the memory options of a TaskManager, which bin/config.sh gets from BashJavaUtils."""
        output = subprocess.run(
            [self._java, "-cp", f"{self._bash_utils_jar}:{self._class_path}", f"{_RUNTIME}.util.bash.BashJavaUtils",
             "GET_TM_RESOURCE_PARAMS", "--configDir", str(self._conf_folder)],
            capture_output=True, text=True, env=self._environment, check=True,
        ).stdout  # fmt: skip
        lines = [line.partition("EXEC_RESULT:")[2] for line in output.splitlines() if "EXEC_RESULT:" in line]
        return lines[-1].split()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
