"""A cluster's configuration has Flink's defaults, lists its entries in Flink's order, and parses their values."""

import pytest

from flinkmock.flink import options
from flinkmock.flink.configuration import DEFAULTS, Configuration, cluster_configuration
from flinkmock.flink.option_values import duration_in_ms, size_in_bytes
from flinkmock.flink.options import Option
from flinkmock.release import Release

FLINK_2_3 = Release("2.3", "2.3.0", "c0f8d1a", "2026-06-14T16:29:03+02:00")
FLINK_1_12 = Release("1.12", "1.12.5", "d2142d8", "2021-07-28T19:21:40+02:00")


def configuration_with(overrides: dict[str, str | None], release: Release = FLINK_2_3) -> Configuration:
    return cluster_configuration(
        overrides, release, slots_per_taskmanager=4, upload_dir="/up", web_tmpdir="/web", blob_port=41827
    )


@pytest.mark.parametrize(
    ("text", "ms"),
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
def test_durations_are_parsed_to_milliseconds(text: str, ms: int) -> None:
    assert duration_in_ms(text) == ms


@pytest.mark.parametrize("text", ["", "soon", "3 parsecs", "-1 s", "P", "PT", "PT1.2.3S", "s"])
def test_text_that_is_not_a_duration_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        duration_in_ms(text)


@pytest.mark.parametrize(("text", "size"), [("1024", 1024), ("1728m", 1728 << 20), ("1 gb", 1 << 30), ("2kb", 2048)])
def test_sizes_are_parsed_to_bytes(text: str, size: int) -> None:
    assert size_in_bytes(text) == size


@pytest.mark.parametrize("text", ["", "big", "1.5g", "10 parrots"])
def test_text_that_is_not_a_size_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        size_in_bytes(text)


def test_options_that_are_not_set_have_flinks_defaults() -> None:
    unset = Configuration({})
    assert unset.milliseconds(options.REFRESH_INTERVAL) == 3000
    assert unset.milliseconds(options.ASYNC_STORE_DURATION) == 300_000
    assert unset.integer(options.MAX_CONTENT_LENGTH) == 100 * 1024 * 1024
    assert unset.integer(options.CHECKPOINT_HISTORY) == 10
    assert unset.boolean(options.WEB_SUBMIT) is True
    assert unset.text(options.SAVEPOINT_DIR) is None
    assert unset.optional_milliseconds(options.RESCALE_MAX_DELAY) is None


def test_an_option_can_be_set_under_its_old_or_new_key_and_the_new_one_wins() -> None:
    for key in ("state.savepoints.dir", "execution.checkpointing.savepoint-dir"):
        assert Configuration({key: "file:///sp"}).text(options.SAVEPOINT_DIR) == "file:///sp"
    both = Configuration({"high-availability": "none", "high-availability.type": "zookeeper"})
    assert both.text(options.HIGH_AVAILABILITY) == "zookeeper"


def test_the_error_for_an_invalid_value_names_the_key() -> None:
    with pytest.raises(ValueError, match=r"web\.refresh-interval: 'often' is not a duration"):
        Configuration({"web.refresh-interval": "often"}).milliseconds(options.REFRESH_INTERVAL)
    with pytest.raises(ValueError, match=r"web\.submit\.enable: 'yes' is not true or false"):
        Configuration({"web.submit.enable": "yes"}).boolean(options.WEB_SUBMIT)
    with pytest.raises(ValueError, match=r"parallelism\.default: 'four' is not a whole number"):
        Configuration({"parallelism.default": "four"}).integer(options.DEFAULT_PARALLELISM)
    with pytest.raises(ValueError, match=r"execution\.checkpointing\.savepoint-dir is not set"):
        Configuration({}).milliseconds(options.SAVEPOINT_DIR)
    with pytest.raises(ValueError, match=r"rest\.x: 'much' is not a size"):
        Configuration({"rest.x": "much"}).size(Option("rest.x"))
    with pytest.raises(ValueError, match=r"fraction: 'half' is not a number from 0 to 1"):
        Configuration({"fraction": "half"}).fraction(Option("fraction"))


def test_overrides_replace_defaults_and_none_removes_them() -> None:
    configuration = configuration_with(
        {"state.savepoints.dir": None, "rest.port": "0", "taskmanager.numberOfTaskSlots": "8"}
    )
    assert "state.savepoints.dir" not in configuration.values
    assert configuration.values["rest.port"] == "0"
    assert configuration.integer(options.TASK_MANAGER_SLOTS) == 8
    assert configuration.with_values({"rest.port": "41234"}).integer(options.REST_PORT) == 41234


def test_only_newer_releases_list_the_blob_port() -> None:
    """2.3.0 lists the port in `/jobmanager/config`, 1.12.5 does not (suite cluster)."""
    assert configuration_with({}, FLINK_2_3).values["blob.server.port"] == "41827"
    assert "blob.server.port" not in configuration_with({}, FLINK_1_12).values


def test_entries_have_the_recorded_order() -> None:
    """The order is recorded with 2.3.0 (suite cluster). Keys of one hash bucket keep the order of the file."""
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
    configuration = configuration_with({"execution.checkpointing.interval": "5s", "io.tmp.dirs": "/io"})
    assert [entry["key"] for entry in configuration.entries(FLINK_2_3)] == recorded


def test_secrets_are_hidden() -> None:
    configuration = configuration_with({"s3.secret.key": "x", "security.ssl.password": "x", "rest.auth.token": "x"})
    new = {entry["key"]: entry["value"] for entry in configuration.entries(FLINK_2_3)}
    old = {entry["key"]: entry["value"] for entry in configuration.entries(FLINK_1_12)}
    assert new["s3.secret.key"] == new["security.ssl.password"] == new["rest.auth.token"] == "******"
    assert old["security.ssl.password"] == "******"
    assert old["rest.auth.token"] == "x", "1.12 does not treat tokens as secrets"


def test_the_entries_contain_every_default() -> None:
    assert set(DEFAULTS) <= {entry["key"] for entry in configuration_with({}).entries(FLINK_2_3)}
