"""The effective configuration and its typed readings."""

import pytest

from flinkmock.flink import configuration as options
from flinkmock.flink.configuration import (
    DEFAULTS,
    Configuration,
    Option,
    cluster_configuration,
    milliseconds,
    size_in_bytes,
)
from flinkmock.release import Release

NEW = Release("2.3", "2.3.0", "c0f8d1a", "2026-06-14T16:29:03+02:00")
OLD = Release("1.12", "1.12.5", "d2142d8", "2021-07-28T19:21:40+02:00")


SLOTS = Option("taskmanager.numberOfTaskSlots", "1")


def effective(release: Release = NEW, **overrides: str | None) -> Configuration:
    by_option = {key.replace("__", "."): value for key, value in overrides.items()}
    return cluster_configuration(by_option, release, slots=4, upload_dir="/up", web_tmpdir="/web", blob_port=41827)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("3000", 3000),
        ("3 s", 3000),
        ("3s", 3000),
        ("5 min", 300_000),
        ("5m", 300_000),
        ("1 h", 3_600_000),
        ("2 days", 172_800_000),
        ("50 ms", 50),
        ("1500 µs", 1),
        ("2000000 ns", 2),
        ("PT5M", 300_000),
        ("PT0.5S", 500),
        ("P1DT2H", 93_600_000),
    ],
)
def test_lengths_of_time(text: str, length: int) -> None:
    assert milliseconds(text) == length


@pytest.mark.parametrize("text", ["", "soon", "3 parsecs", "-1 s", "P", "PT", "PT1.2.3S", "s"])
def test_no_length_of_time(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        milliseconds(text)


@pytest.mark.parametrize(("text", "size"), [("1024", 1024), ("1728m", 1728 << 20), ("1 gb", 1 << 30), ("2kb", 2048)])
def test_sizes(text: str, size: int) -> None:
    assert size_in_bytes(text) == size


@pytest.mark.parametrize("text", ["", "big", "1.5g", "10 parrots"])
def test_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        size_in_bytes(text)


def test_flinks_defaults_apply_without_a_setting() -> None:
    nothing = Configuration({})
    assert nothing.milliseconds(options.REFRESH_INTERVAL) == 3000
    assert nothing.milliseconds(options.STORE_DURATION) == 300_000
    assert nothing.size(options.MAX_CONTENT_LENGTH) == 100 * 1024 * 1024
    assert nothing.integer(options.CHECKPOINT_HISTORY) == 10
    assert nothing.boolean(options.SUBMIT) is True
    assert nothing.text(options.SAVEPOINT_DIR) is None
    assert nothing.duration(options.RESCALE_MAX_DELAY) is None


def test_an_option_is_found_under_its_old_and_its_new_name() -> None:
    for key in ("state.savepoints.dir", "execution.checkpointing.savepoint-dir"):
        assert Configuration({key: "file:///sp"}).text(options.SAVEPOINT_DIR) == "file:///sp"
    both = Configuration({"high-availability": "none", "high-availability.type": "zookeeper"})
    assert both.text(options.HIGH_AVAILABILITY) == "zookeeper"


def test_a_bad_value_is_named_with_its_key() -> None:
    with pytest.raises(ValueError, match=r"web\.refresh-interval: 'often' is not a duration"):
        Configuration({"web.refresh-interval": "often"}).milliseconds(options.REFRESH_INTERVAL)
    with pytest.raises(ValueError, match=r"web\.submit\.enable: 'yes' is not true or false"):
        Configuration({"web.submit.enable": "yes"}).boolean(options.SUBMIT)
    with pytest.raises(ValueError, match=r"taskmanager\.numberOfTaskSlots: 'four' is not a whole number"):
        Configuration({"taskmanager.numberOfTaskSlots": "four"}).integer(SLOTS)
    with pytest.raises(ValueError, match=r"execution\.checkpointing\.savepoint-dir is not set"):
        Configuration({}).milliseconds(options.SAVEPOINT_DIR)
    with pytest.raises(ValueError, match=r"rest\.x: 'much' is not a size"):
        Configuration({"rest.x": "much"}).size(Option("rest.x"))
    with pytest.raises(ValueError, match=r"fraction: 'half' is not a number"):
        Configuration({"fraction": "half"}).decimal(Option("fraction"))


def test_scenario_wins_over_defaults_and_none_removes() -> None:
    configuration = effective(state__savepoints__dir=None, rest__port="0", taskmanager__numberOfTaskSlots="8")
    assert "state.savepoints.dir" not in configuration.values
    assert configuration.values["rest.port"] == "0"
    assert configuration.integer(SLOTS) == 8
    assert configuration.with_values({"rest.port": "41234"}).integer(options.REST_PORT) == 41234


def test_the_blob_port_in_releases_that_show_it() -> None:
    """`/jobmanager/config` of 2.3.0 has it, that of 1.12.5 has not (suite cluster)."""
    assert effective(NEW).values["blob.server.port"] == "41827"
    assert "blob.server.port" not in effective(OLD).values


def test_entries_have_the_recorded_order() -> None:
    """The recording of 2.3.0, suite cluster; keys of one bucket are in the order of the file."""
    recorded = [
        "blob.server.port",
        "taskmanager.memory.process.size",
        "taskmanager.bind-host",
        "rest.flamegraph.enabled",
        "jobmanager.rpc.address",
        "jobmanager.memory.process.size",
        "state.savepoints.dir",
        "web.tmpdir",
        "jobmanager.rpc.port",
        "rest.bind-address",
        "web.upload.dir",
        "rest.port",
        "execution.checkpointing.interval",
        "jobmanager.bind-host",
        "io.tmp.dirs",
        "taskmanager.host",
        "parallelism.default",
        "taskmanager.numberOfTaskSlots",
        "rest.address",
        "state.checkpoints.dir",
    ]
    configuration = effective(execution__checkpointing__interval="5s", io__tmp__dirs="/io")
    assert [entry["key"] for entry in configuration.entries(NEW)] == recorded


def test_secrets_are_hidden() -> None:
    configuration = effective(s3__secret__key="x", security__ssl__password="x", rest__auth__token="x")
    new = {entry["key"]: entry["value"] for entry in configuration.entries(NEW)}
    old = {entry["key"]: entry["value"] for entry in configuration.entries(OLD)}
    assert new["s3.secret.key"] == new["security.ssl.password"] == new["rest.auth.token"] == "******"
    assert old["security.ssl.password"] == "******"
    assert old["rest.auth.token"] == "x", "1.12 does not know tokens"


def test_every_default_is_listed() -> None:
    assert set(DEFAULTS) <= {entry["key"] for entry in effective().entries(NEW)}
