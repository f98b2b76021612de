"""The Java under the cluster: version, options, class path, as `/jobmanager/environment` and the logs tell them."""

from __future__ import annotations

from flinkmock.flink.memory import MIB
from flinkmock.release import Release

INSTALLATION = "/opt/flink"
"""Where Flink's own container image has it."""

_ADDED = (
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
"""What opens Java 17 to Flink; Java 11 needs none of it."""

_LOG4J = (("2.3", "2.25.3"), ("1.20", "2.24.3"), ("1.13", "2.17.1"), ("1.12", "2.12.1"))
"""The newest release first: from that minor on, this log4j lies in lib/ (file names of all 13 distributions)."""

_MODERN = ("cep", "connector-files", "csv", "dist", "json")
_TABLES = ("table-api-java-uber", "table-planner-loader", "table-runtime")


def java_version(release: Release) -> str:
    """The Java that the recordings ran on: 11 for the old releases, which know no 17, else 17."""
    return "17.0.15" if release.since("1.15") else "11.0.13"


def vm_version(release: Release) -> str:
    """Name, vendor and version as EnvironmentInformation.getJvmVersion puts them together."""
    if release.since("1.15"):
        return "OpenJDK 64-Bit Server VM - Debian - 17/17.0.15+6-Debian-1deb12u1"
    return "OpenJDK 64-Bit Server VM - Eclipse Adoptium - 11/11.0.13+8"


def jvm_options(release: Release, max_heap: int, log_file: str) -> list[str]:
    """The options of a Flink process with `max_heap` bytes of heap that logs into the file of that name."""
    logging = f"file:{INSTALLATION}/conf/log4j-console.properties"
    return [
        *(_ADDED if release.since("1.15") else ()),
        f"-Xmx{max_heap // MIB}m",
        f"-Dlog.file={INSTALLATION}/log/{log_file}",
        f"-Dlog4j.configurationFile={logging}",
        f"-Dlog4j.configuration={logging}",
    ]


def class_path(release: Release) -> list[str]:
    """The jars of the release's lib/ directory, in the order of their names."""
    version = release.version
    log4j = next(jar for since, jar in _LOG4J if release.since(since))
    if release.since("1.15"):
        jars = [f"flink-{part}-{version}.jar" for part in _MODERN] + [f"flink-scala_2.12-{version}.jar"]
        jars += [f"flink-{part}-{version}.jar" for part in _TABLES]
    else:
        scala = "2.12" if release.minor == "1.13" else "2.11"
        tables = ("table",) if release.since("1.14") else ("table", "table-blink")
        jars = [f"flink-{part}-{version}.jar" for part in ("csv", "json")]
        jars += [f"flink-{part}_{scala}-{version}.jar" for part in ("dist", *tables)]
    if not release.since("1.17"):
        jars.append(f"flink-shaded-zookeeper-{'3.5.9' if release.since('1.15') else '3.4.14'}.jar")
    jars += [f"log4j-{part}-{log4j}.jar" for part in ("1.2-api", "api", "core", "slf4j-impl")]
    if release.since("2.1"):
        jars.append(f"log4j-layout-template-json-{log4j}.jar")
    return [f"{INSTALLATION}/lib/{jar}" for jar in sorted(jars)]


def environment(release: Release, max_heap: int, log_file: str) -> dict[str, dict[str, str | list[str]] | list[str]]:
    """Facts of `/jobmanager/environment` (1.16 and later)."""
    return {
        "jvm": {
            "version": vm_version(release),
            "arch": "amd64",
            "options": jvm_options(release, max_heap, log_file),
        },
        "classpath": class_path(release),
    }
