"""The JVM options and the class path of Flink's processes, which `/jobmanager/environment` and the logs show."""

from __future__ import annotations

from flinkmock.flink.environment import environment_of
from flinkmock.flink.memory import MIB
from flinkmock.release import Release

_JAVA_17_OPTIONS = (
    "--add-exports=java.base/sun.net.util=ALL-UNNAMED",
    "--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED",
    "--add-exports=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
    *(
        f"--add-opens=java.base/{package}=ALL-UNNAMED"
        for package in (
            "java.lang",
            "java.net",
            "java.io",
            "java.nio",
            "sun.nio.ch",
            "java.lang.reflect",
            "java.text",
            "java.time",
            "java.util",
            "java.util.concurrent",
            "java.util.concurrent.atomic",
            "java.util.concurrent.locks",
        )
    ),
)
"""The options that open modules of Java 17 to Flink. Java 11 needs none."""

_LOG4J_VERSIONS = (("2.3", "2.25.3"), ("1.20", "2.24.3"), ("1.13", "2.17.1"), ("1.12", "2.12.1"))
"""The version of log4j in lib/ by the first release that has it, newest first (file names of all 13 distributions)."""

_FLINK_JARS = ("cep", "connector-files", "csv", "dist", "json")
_TABLE_JARS = ("table-api-java-uber", "table-planner-loader", "table-runtime")
"""The parts of the file names of the jars since 1.15."""


def jvm_options(release: Release, max_heap: int, log_file: str) -> list[str]:
    """Return the JVM options of a Flink process.

    Args:
        release: The Flink release.
        max_heap: The maximum size of the heap in bytes.
        log_file: The path of the file into which the process logs.
    """
    home = environment_of(release).home
    log4j_configuration = f"file:{home}/conf/log4j-console.properties"
    return [
        *(_JAVA_17_OPTIONS if release.since("1.15") else ()),
        f"-Xmx{max_heap // MIB}m",
        f"-Dlog.file={log_file}",
        f"-Dlog4j.configurationFile={log4j_configuration}",
        f"-Dlog4j.configuration={log4j_configuration}",
    ]


def scala_version(release: Release) -> str:
    """Return the version of Scala with which the distribution of a release was built.

    The distributions of 1.12.5 and 1.14.6 that were examined are those for Scala 2.11.
    """
    return "2.11" if release.minor in ("1.12", "1.14") else "2.12"


def class_path(release: Release) -> list[str]:
    """Return the paths of the jars in the lib/ directory of a release, sorted by name."""
    version = release.version
    log4j = next(log4j_version for since, log4j_version in _LOG4J_VERSIONS if release.since(since))
    if release.since("1.15"):
        jars = [f"flink-{part}-{version}.jar" for part in _FLINK_JARS] + [
            f"flink-scala_{scala_version(release)}-{version}.jar"
        ]
        jars += [f"flink-{part}-{version}.jar" for part in _TABLE_JARS]
    else:
        scala = scala_version(release)
        table_jars = ("table",) if release.since("1.14") else ("table", "table-blink")
        jars = [f"flink-{part}-{version}.jar" for part in ("csv", "json")]
        jars += [f"flink-{part}_{scala}-{version}.jar" for part in ("dist", *table_jars)]
    if not release.since("1.17"):
        jars.append(f"flink-shaded-zookeeper-{'3.5.9' if release.since('1.15') else '3.4.14'}.jar")
    jars += [f"log4j-{part}-{log4j}.jar" for part in ("1.2-api", "api", "core", "slf4j-impl")]
    if release.since("2.1"):
        jars.append(f"log4j-layout-template-json-{log4j}.jar")
    return [f"{environment_of(release).home}/lib/{jar}" for jar in sorted(jars)]


def jvm_payload(release: Release, max_heap: int, log_file: str) -> dict[str, dict[str, str | list[str]] | list[str]]:
    """Return the payload of `/jobmanager/environment`, which exists since 1.16."""
    environment = environment_of(release)
    return {
        "jvm": {
            "version": environment.jvm_description,
            "arch": environment.architecture,
            "options": jvm_options(release, max_heap, log_file),
        },
        "classpath": class_path(release),
    }
