"""The settings of the pytest plugin: the marker of a test, the command line, the ini file.

A setting has the value of the first of these that sets it: the call of `flinkmock_factory`, the test's marker, the
command line, the ini file, the scenario; otherwise the default. For a cluster of the factory, the marker sets only the
release and the policies. pytest imports this module in every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

MARKER = (
    "flinkmock(scenario=None, *, flink=None, seed=None, clock=None, start_time=None, port=0, dashboard=None, "
    "control=True, tls=None, base_path=None, credentials=(), unexpected=None, unused=None, ignored=None): the cluster "
    "that the fixture `flinkmock` starts. A scenario file is looked up in the folders of the test and of the ini file, "
    "in the current folder, and among the built-in scenarios. A list of releases in `flink` runs the test once for "
    "each. unexpected='allow' allows requests that match no operation. unused='fail' fails a test with a fault that "
    "never applied, ignored='fail' one whose requests have fields or parameters that Flink ignores; 'ignore' does not "
    "report them"
)
POLICIES = {
    "unexpected": ("fail", "allow"),
    "unused": ("fail", "report", "ignore"),
    "ignored": ("fail", "report", "ignore"),
}
"""Kind of finding -> the allowed policies.

The kinds are requests that match no operation (`unexpected`), faults that never applied and expectations that no
request can match (`unused`), and parts of requests that Flink ignores (`ignored`)."""
ARGUMENTS = (
    *("flink", "seed", "clock", "start_time", "port", "dashboard", "control"),
    *("tls", "base_path", "credentials"),
    *POLICIES,
)
"""The arguments of the marker, except the scenario."""


def marker_arguments(node: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of the nearest marker, positional and by name. Fails the test if they are invalid."""
    marker = node.get_closest_marker("flinkmock")
    if marker is None:
        return (), {}
    options = {**marker.kwargs}
    unknown = sorted(options.keys() - {"scenario", *ARGUMENTS})
    scenario_count = len(marker.args) + ("scenario" in options)
    if unknown or scenario_count > 1:
        accepted = f"no argument {', '.join(unknown)}" if unknown else f"one scenario, not {scenario_count}"
        pytest.fail(f"the marker flinkmock takes {accepted}: {MARKER.partition(':')[0]}", pytrace=False)
    for name, allowed in POLICIES.items():
        if name in options and options[name] not in allowed:
            pytest.fail(invalid_policy_message(name, options[name], allowed), pytrace=False)
    return marker.args, options


def policies(item: pytest.Item) -> dict[str, str]:
    """Return the policy of a test for each kind of finding: `unexpected`, `unused` and `ignored`."""
    options = marker_arguments(item)[1]
    return {name: options.get(name) or item.config.getini(f"flinkmock_{name}") for name in POLICIES}


def invalid_policy_message(name: str, value: object, allowed: tuple[str, ...]) -> str:
    return f"flinkmock: {value!r} is not a value of `{name}`. Use {' or '.join(allowed)}."


def cluster_defaults(config: pytest.Config) -> dict[str, Any]:
    """Return the settings of the ini file for all clusters. Raises InvalidArgument."""
    clock, seed = config.getini("flinkmock_clock"), config.getini("flinkmock_seed")
    if seed and not str(seed).isdecimal():
        from flinkmock.errors import InvalidArgument

        raise InvalidArgument(f"flinkmock_seed has to be a number, not {seed!r}.")
    start_time = config.getini("flinkmock_start_time")
    if start_time:
        from flinkmock.units import parse_time

        parse_time(start_time)  # raises InvalidArgument
    settings = {"clock": clock, "seed": int(seed) if seed else None, "start_time": start_time}
    return {name: value for name, value in settings.items() if value not in ("", None)}


def releases_of_run(config: pytest.Config) -> list[str]:
    """Return the releases of the command line or the ini file, on which each test runs; empty: the default release."""
    return split_releases(config.getoption("--flinkmock-flink") or ",".join(config.getini("flinkmock_flink")))


def split_releases(setting: object) -> list[str]:
    """Split "1.20, 2.3", "all" or a list into releases. Other values become text, which is rejected later."""
    if setting == "all":
        from flinkmock.contract import known_releases

        return list(known_releases())
    if isinstance(setting, str):
        names: Sequence[object] = setting.split(",")
    else:
        names = setting if isinstance(setting, list | tuple) else [setting]
    return [name for text in names if (name := str(text).strip())]


def find_scenario(scenario: Any, config: pytest.Config, folder: Path = Path()) -> Any:
    """Return the scenario, with a file name resolved to a path. None is replaced by the scenario of the ini file.

    Raises ScenarioError if there is no such file in `folder` (that of the test), the folder of the ini file, the
    current folder, or among the built-in scenarios.
    """
    from flinkmock.scenario.diagnostics import Diagnostics, SourceLocation
    from flinkmock.scenario.files import find_file, is_file_name

    ini_folder = config.inipath.parent if config.inipath else config.rootpath
    folders = [folder, ini_folder, Path()]
    if scenario is None:
        scenario, folders = config.getini("flinkmock_scenario"), [ini_folder]
        if not scenario:
            return None
    elif not is_file_name(scenario):
        return scenario
    return find_file(scenario, folders, SourceLocation(str(scenario)), Diagnostics())
