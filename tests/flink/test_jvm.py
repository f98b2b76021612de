"""The environment is that of Flink's official image, and each release has the class path of its distribution."""

import pytest

from flinkmock.flink.environment import environment_of
from flinkmock.flink.jvm import class_path, jvm_payload, scala_version
from flinkmock.release import Release

RELEASES = {
    "1.12": "1.12.5",
    "1.13": "1.13.6",
    "1.14": "1.14.6",
    "1.15": "1.15.4",
    "1.16": "1.16.3",
    "1.17": "1.17.2",
    "1.18": "1.18.1",
    "1.19": "1.19.3",
    "1.20": "1.20.5",
    "2.0": "2.0.2",
    "2.1": "2.1.3",
    "2.2": "2.2.1",
    "2.3": "2.3.0",
}


def release(minor: str) -> Release:
    return Release(minor, RELEASES[minor], "", "")


def jars(minor: str) -> list[str]:
    return [path.rpartition("/")[2] for path in class_path(release(minor))]


def test_class_path_of_2_3_is_the_recorded_one() -> None:
    assert jars("2.3") == [
        "flink-cep-2.3.0.jar",
        "flink-connector-files-2.3.0.jar",
        "flink-csv-2.3.0.jar",
        "flink-dist-2.3.0.jar",
        "flink-json-2.3.0.jar",
        "flink-scala_2.12-2.3.0.jar",
        "flink-table-api-java-uber-2.3.0.jar",
        "flink-table-planner-loader-2.3.0.jar",
        "flink-table-runtime-2.3.0.jar",
        "log4j-1.2-api-2.25.3.jar",
        "log4j-api-2.25.3.jar",
        "log4j-core-2.25.3.jar",
        "log4j-layout-template-json-2.25.3.jar",
        "log4j-slf4j-impl-2.25.3.jar",
    ]


def test_class_path_of_1_13_is_that_of_its_distribution() -> None:
    assert jars("1.13") == [
        "flink-csv-1.13.6.jar",
        "flink-dist_2.12-1.13.6.jar",
        "flink-json-1.13.6.jar",
        "flink-shaded-zookeeper-3.4.14.jar",
        "flink-table-blink_2.12-1.13.6.jar",
        "flink-table_2.12-1.13.6.jar",
        "log4j-1.2-api-2.17.1.jar",
        "log4j-api-2.17.1.jar",
        "log4j-core-2.17.1.jar",
        "log4j-slf4j-impl-2.17.1.jar",
    ]


@pytest.mark.parametrize(("minor", "jar_count"), [("1.12", 10), ("1.14", 9), ("1.16", 14), ("1.19", 13), ("2.1", 14)])
def test_the_class_path_has_as_many_jars_as_the_distribution(minor: str, jar_count: int) -> None:
    assert len(jars(minor)) == jar_count


def test_the_distributions_of_1_12_and_1_14_are_built_with_scala_2_11() -> None:
    """As `.flink-runtime.version.properties` in the distribution says for each release that was examined."""
    assert {minor for minor in RELEASES if scala_version(release(minor)) == "2.11"} == {"1.12", "1.14"}
    assert "flink-dist_2.11-1.12.5.jar" in jars("1.12")


def test_the_environment_is_that_of_the_official_image() -> None:
    payload = jvm_payload(release("2.3"), 1 << 30, "jm.log")
    assert list(payload) == ["jvm", "classpath"]
    jvm = payload["jvm"]
    assert isinstance(jvm, dict)
    assert jvm["version"] == "OpenJDK 64-Bit Server VM - Eclipse Adoptium - 17/17.0.15+6"
    assert jvm["arch"] == "amd64"
    options = jvm["options"]
    assert options[0] == "--add-exports=java.base/sun.net.util=ALL-UNNAMED"
    assert options[15] == "-Xmx1024m"
    assert len(options) == 19


def test_releases_before_1_15_run_on_java_11() -> None:
    assert environment_of(release("1.12")).java_version == "11.0.13"
    old = jvm_payload(release("1.14"), 1 << 30, "jm.log")["jvm"]
    assert isinstance(old, dict)
    assert old["options"][0] == "-Xmx1024m"
