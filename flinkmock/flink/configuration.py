"""The configuration of a cluster: the entries of `/jobmanager/config`, and typed values of Flink's options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flinkmock.errors import InvalidArgument
from flinkmock.flink.java_format import hash_order
from flinkmock.flink.option_values import OptionType, parse
from flinkmock.flink.options import (
    HIGH_AVAILABILITY,
    SCHEDULER,
    SCHEDULER_MODE,
    SLOT_REQUEST_TIMEOUT,
    STANDALONE_START_UP_TIME,
    SUBMISSION_STABILIZATION,
    SUBMISSION_WAIT,
    Option,
)
from flinkmock.release import Release

DEFAULTS: Mapping[str, str] = {
    "jobmanager.rpc.address": "localhost",
    "jobmanager.rpc.port": "6123",
    "jobmanager.bind-host": "localhost",
    "taskmanager.bind-host": "localhost",
    "taskmanager.host": "localhost",
    "jobmanager.memory.process.size": "1600m",
    "taskmanager.memory.process.size": "1728m",
    "taskmanager.numberOfTaskSlots": "1",
    "parallelism.default": "1",
    "rest.port": "8081",
    "rest.address": "localhost",
    "rest.bind-address": "localhost",
    "rest.flamegraph.enabled": "true",
    "state.savepoints.dir": "file:///flink/savepoints",
    "state.checkpoints.dir": "file:///flink/checkpoints",
}
"""The configuration file of a fake cluster: Flink's default file, with flame graphs and directories for savepoints and
checkpoints.
"""

_ZOOKEEPER_OPTIONS: Mapping[str, str] = {
    "high-availability.zookeeper.quorum": "localhost:2181",
    "high-availability.storageDir": "file:///flink/ha",
}
"""The options that a cluster with several JobManagers has in addition."""

_HIDDEN_VALUE = "******"
"""Shown instead of a secret (GlobalConfiguration.HIDDEN_CONTENT)."""
_SENSITIVE_KEY_PARTS = (
    ("password", "1.12"),
    ("secret", "1.12"),
    ("fs.azure.account.key", "1.12"),
    ("apikey", "1.12"),
    ("auth-params", "1.17"),
    ("service-key", "1.17"),
    ("token", "1.17"),
    ("basic-auth", "1.17"),
    ("jaas.config", "1.17"),
    ("http-headers", "1.19"),
    ("api-key", "2.1"),
)
"""Parts of keys whose values are hidden, with the first release that hides them (GlobalConfiguration)."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Keys and values as text. Reading an option raises InvalidArgument, with the key, if its value can't be parsed."""

    values: Mapping[str, str]

    def with_values(self, values: Mapping[str, str | None]) -> Configuration:
        """Return a copy with other values for some keys; None removes a key."""
        merged: dict[str, str | None] = {**self.values, **values}
        return Configuration({key: value for key, value in merged.items() if value is not None})

    @property
    def is_reactive(self) -> bool:
        """Whether jobs use all slots (SchedulerExecutionMode.REACTIVE)."""
        return (self.text(SCHEDULER_MODE) or "").lower() == "reactive"

    @property
    def scheduler(self) -> str | None:
        """The configured scheduler of streaming jobs, "adaptive" in reactive mode (ClusterOptions.getSchedulerType)."""
        return "adaptive" if self.is_reactive else self.text(SCHEDULER)

    @property
    def submission_wait_ms(self) -> int:
        """How many ms a job of the adaptive scheduler waits for the minimum number of slots that it needs.

        -1 is no limit, the default in reactive mode (AdaptiveScheduler.Settings).
        """
        return self._milliseconds_or_reactive_default(SUBMISSION_WAIT, -1)

    @property
    def submission_stabilization_ms(self) -> int:
        """How many ms a job of the adaptive scheduler waits for more slots before it starts.

        The default in reactive mode is 0.
        """
        return self._milliseconds_or_reactive_default(SUBMISSION_STABILIZATION, 0)

    def _milliseconds_or_reactive_default(self, option: Option, reactive_default: int) -> int:
        is_set = any(key in self.values for key in (option.key, *option.aliases))
        return reactive_default if self.is_reactive and not is_set else self.milliseconds(option)

    @property
    def is_highly_available(self) -> bool:
        """Whether jobs survive a crash of the leader (HighAvailabilityMode)."""
        return (self.text(HIGH_AVAILABILITY) or "").lower() not in ("", "none", "standalone")

    def text(self, option: Option) -> str | None:
        for key in (option.key, *option.aliases):
            if key in self.values:
                return self.values[key]
        return option.default

    def integer(self, option: Option) -> int:
        return int(self._parsed(option, OptionType.INTEGER))

    def optional_integer(self, option: Option) -> int | None:
        """Return the value of an option, or its default; None if the option has neither."""
        return None if self.text(option) is None else self.integer(option)

    def optional_size(self, option: Option) -> int | None:
        """Return the value of an option in bytes, or its default; None if the option has neither."""
        return None if self.text(option) is None else self.size(option)

    def fraction(self, option: Option) -> float:
        """Return the value of an option from 0 to 1."""
        return float(self._parsed(option, OptionType.FRACTION))

    def boolean(self, option: Option) -> bool:
        return bool(self._parsed(option, OptionType.BOOLEAN))

    def milliseconds(self, option: Option) -> int:
        """Return the value of an option in ms. Raises InvalidArgument also if there is neither value nor default."""
        return int(self._parsed(option, OptionType.DURATION))

    def optional_milliseconds(self, option: Option) -> int | None:
        """Return the value of an option in ms, or its default; None if the option has neither."""
        return None if self.text(option) is None else self.milliseconds(option)

    def size(self, option: Option) -> int:
        """Return the value of an option in bytes. Raises InvalidArgument also if there is neither value nor default."""
        return int(self._parsed(option, OptionType.SIZE))

    @property
    def resource_manager_start_up_ms(self) -> int:
        """How many ms a new ResourceManager waits for TaskManagers.

        If the option is not set or negative, slot.request.timeout applies
        (ConfigurationUtils.getStandaloneClusterStartupPeriodTime).
        """
        start_up_ms = self.optional_integer(STANDALONE_START_UP_TIME)
        return self.milliseconds(SLOT_REQUEST_TIMEOUT) if start_up_ms is None or start_up_ms < 0 else start_up_ms

    def entries(self, release: Release) -> list[dict[str, str]]:
        """Return `/jobmanager/config`: keys and values in Flink's order, secrets hidden (ClusterConfigurationInfo)."""
        return [
            {"key": key, "value": _HIDDEN_VALUE if _is_sensitive(key, release) else self.values[key]}
            for key in hash_order(self.values)
        ]

    def _parsed(self, option: Option, option_type: OptionType) -> bool | float:
        text = self.text(option)
        if text is None:
            raise InvalidArgument(f"{option.key} is not set and has no default")
        try:
            return parse(text, option_type)
        except ValueError as error:
            key = next((key for key in (option.key, *option.aliases) if key in self.values), option.key)
            raise InvalidArgument(f"{key}: {error}") from None


def cluster_configuration(
    overrides: Mapping[str, str | None],
    release: Release,
    *,
    slots_per_taskmanager: int,
    upload_dir: str,
    web_tmpdir: str,
    blob_port: int,
    jobmanager_count: int = 1,
) -> Configuration:
    """Return the effective configuration of a cluster. `/jobmanager/config` shows the actual REST port in its place.

    It consists of the defaults, the values that a starting JobManager adds, and the values of the scenario, which
    override the others.

    Args:
        overrides: The values of the scenario; None removes a key.
        release: The Flink release.
        slots_per_taskmanager: The number of slots of each TaskManager.
        upload_dir: The directory of uploaded jars.
        web_tmpdir: The directory of the web server.
        blob_port: The port of the blob server.
        jobmanager_count: The number of JobManagers.
    """
    set_at_start = {
        "web.upload.dir": upload_dir,
        "taskmanager.numberOfTaskSlots": str(slots_per_taskmanager),
        "web.tmpdir": web_tmpdir,
    }
    if release.since("1.15"):
        set_at_start["blob.server.port"] = str(blob_port)
    if jobmanager_count > 1:
        high_availability = HIGH_AVAILABILITY.key if release.since("1.17") else HIGH_AVAILABILITY.aliases[0]
        set_at_start |= {high_availability: "zookeeper", **_ZOOKEEPER_OPTIONS}
    return Configuration({**DEFAULTS, **set_at_start}).with_values(overrides)


def _is_sensitive(key: str, release: Release) -> bool:
    return any(part in key.lower() and release.since(since) for part, since in _SENSITIVE_KEY_PARTS)
