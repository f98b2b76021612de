"""pytest plugin: the fixture `flinkmock`, a separate fake cluster for each test.

    def test_polling(flinkmock):
        wait_until_finished(flinkmock.url)

    @pytest.mark.flinkmock("orders.yaml", flink=["1.20", "2.3"])
    async def test_orders(flinkmock): ...

docs/pytest.md describes the plugin, and `plugin_settings.py` contains its settings.

pytest imports this module in every run, so it imports most of flinkmock only when a cluster is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from flinkmock.testing.plugin_settings import (
    MARKER,
    POLICIES,
    cluster_defaults,
    find_scenario,
    invalid_policy_message,
    marker_arguments,
    policies,
    releases_of_run,
    split_releases,
)

if TYPE_CHECKING:
    from flinkmock.testing.cluster_record import ClusterRecord
    from flinkmock.testing.cluster_time import ClusterTime
    from flinkmock.testing.compat_report import CompatReport
    from flinkmock.testing.mock import FlinkMock

T = TypeVar("T")
REPORTED_FINDINGS: pytest.StashKey[list[str]] = pytest.StashKey()
"""The findings of a test for which the policy is `report`. They are shown if the test passes."""
WITHOUT_EFFECT_TITLE = "flinkmock: faults and request parts without effect"
"""The title of the section with REPORTED_FINDINGS."""
RECORDS: pytest.StashKey[list[ClusterRecord]] = pytest.StashKey()
"""A record of each cluster of a test."""
SESSION_CLUSTER: pytest.StashKey[FlinkMock] = pytest.StashKey()
"""The cluster of `flinkmock_session`, after its start."""
COMPAT_REPORT: pytest.StashKey[CompatReport] = pytest.StashKey()
"""The requests of all tests, with `--flinkmock-compat`."""
PACKAGE = Path(__file__).parents[1]
"""The folder of flinkmock's modules."""
WORKER_OUTPUT = "flinkmock_requests"
"""The key under which a worker of pytest-xdist passes its requests to the controller."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("flinkmock")
    releases_help = "the Flink releases on which to run tests that use a fake cluster: 1.20,2.3, or all"
    group.addoption("--flinkmock-flink", metavar="RELEASES", help=f"{releases_help}; a test's marker takes precedence")
    group.addoption(
        "--flinkmock-compat",
        metavar="RELEASE",
        help="report at the end what an upgrade to this Flink release changes for the requests of the run",
    )
    parser.addini("flinkmock_flink", releases_help, type="args", default=[])
    parser.addini("flinkmock_scenario", "the default scenario", default="")
    parser.addini("flinkmock_clock", 'the default clock mode: "1s per request", "virtual", "real", "10x"', default="")
    parser.addini("flinkmock_seed", "the default seed", default="")
    parser.addini("flinkmock_start_time", "the cluster time at which scenarios begin: 2026-01-01T00:00:00Z", default="")
    parser.addini("flinkmock_unexpected", "requests that match no operation: fail or allow", default="fail")
    for name, subject in (
        ("unused", "faults that never applied, expectations that no request can match"),
        ("ignored", "parts of requests that Flink ignores"),
    ):
        parser.addini(f"flinkmock_{name}", f"{subject}: fail, report or ignore", default="report")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    from flinkmock.errors import FlinkMockError

    target_release = config.getoption("--flinkmock-compat")
    releases = releases_of_run(config)
    try:
        cluster_defaults(config)
        if releases or target_release:
            from flinkmock.contract import Contract

            for release in (*releases, *filter(None, [target_release])):
                Contract.load(release)
    except FlinkMockError as error:
        raise pytest.UsageError(f"flinkmock: {error}") from None
    for name, allowed in POLICIES.items():
        value = config.getini(f"flinkmock_{name}")
        if value not in allowed:
            raise pytest.UsageError(invalid_policy_message(name, value, allowed))
    if target_release:
        from flinkmock.testing.compat_report import CompatReport

        config.stash[COMPAT_REPORT] = CompatReport(target_release)


# -- releases and fixtures


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    releases: Any = releases_of_run(metafunc.config)
    if "flinkmock_session" in metafunc.fixturenames and releases:
        _parametrize(metafunc, "flinkmock_session", releases, scope="session")
    if "flinkmock_flink" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("flinkmock")
        marker_releases: object = marker.kwargs.get("flink") if marker else None
        if marker_releases is not None:
            releases = split_releases(marker_releases)
        has_single_release_in_marker = releases == [marker_releases]  # the test keeps its name
        if not has_single_release_in_marker and (marker_releases is not None or releases):
            _parametrize(metafunc, "flinkmock_flink", releases, scope=None)


def _parametrize(metafunc: pytest.Metafunc, fixture: str, releases: list[str], *, scope: Any) -> None:
    """Run the test once for each release. pytest skips it if there are none."""
    ids = [f"flink-{release}" for release in releases]
    metafunc.parametrize(fixture, releases, indirect=True, ids=ids, scope=scope)


@pytest.fixture
def flinkmock_flink(request: pytest.FixtureRequest) -> str | None:
    """The Flink release of this test's clusters; None: the release of the scenario, or the newest if it sets none."""
    release: object = getattr(request, "param", None) or marker_arguments(request.node)[1].get("flink")
    if release is None or isinstance(release, str):
        return release
    pytest.fail(
        "flinkmock: a marker in pytest.param takes one release; list several in the marker of the test function",
        pytrace=False,
    )


@pytest.fixture
def flinkmock_factory(
    request: pytest.FixtureRequest, flinkmock_flink: str | None
) -> Iterator[Callable[..., FlinkMock]]:
    """A function that starts a cluster: `flinkmock_factory("orders.yaml", seed=7)`. All are closed after the test.

    It takes the arguments of `FlinkMock`, and raises the same errors.
    """
    from flinkmock.testing.cluster_record import ClusterRecord
    from flinkmock.testing.mock import FlinkMock

    records = request.node.stash[RECORDS]
    started: list[FlinkMock] = []
    in_cluster_time = "flinkmock_time" in request.fixturenames
    cluster_time: ClusterTime | None = request.getfixturevalue("flinkmock_time") if in_cluster_time else None

    def start(scenario: Any = None, **options: Any) -> FlinkMock:
        defaults = {**cluster_defaults(request.config), "flink": flinkmock_flink}
        if cluster_time is not None:
            defaults["clock"] = "virtual"
        scenario = find_scenario(scenario, request.config, request.path.parent)
        cluster = FlinkMock(scenario, **{**defaults, **options}).start()
        started.append(cluster)
        if cluster_time is not None:
            cluster_time.attach(cluster)
        records.append(ClusterRecord(cluster))
        return cluster

    yield start
    while started:
        started.pop().close()


@pytest.fixture
def flinkmock_time() -> Iterator[ClusterTime]:
    """Make the clients of this test follow the time of its clusters, whose clocks are virtual: sleeping takes no time.

    `time.sleep`, `asyncio.sleep`, `time.time`, `datetime.now`, `time.monotonic`, and timeouts of event loops and
    sockets follow this time until the end of the test.
    """
    from flinkmock.testing.cluster_time import ClusterTime

    cluster_time = ClusterTime()
    _start(cluster_time.__enter__)
    yield cluster_time
    cluster_time.__exit__(None, None, None)


@pytest.fixture
def flinkmock(request: pytest.FixtureRequest, flinkmock_factory: Callable[..., FlinkMock]) -> FlinkMock:
    """A fake Flink cluster (`FlinkMock`), started before the test and closed after it."""
    args, options = marker_arguments(request.node)
    options.pop("flink", None)
    for name in POLICIES:
        options.pop(name, None)
    return _start(lambda: flinkmock_factory(*args, **options))


@pytest.fixture(scope="session")
def flinkmock_session(request: pytest.FixtureRequest) -> Iterator[FlinkMock]:
    """One cluster, by default with a real clock, for the whole run (of each worker), for tests that can share it."""
    from flinkmock.testing.mock import FlinkMock

    options = {"clock": "real", **cluster_defaults(request.config), "flink": getattr(request, "param", None)}
    with _start(lambda: FlinkMock(find_scenario(None, request.config), **options).start()) as cluster:
        request.config.stash[SESSION_CLUSTER] = cluster
        yield cluster
    del request.config.stash[SESSION_CLUSTER]


def _start(start: Callable[[], T]) -> T:
    """Call a function that starts something. An error fails the test with its message, without a traceback."""
    from flinkmock.errors import FlinkMockError

    try:
        return start()
    except FlinkMockError as error:
        message = f"flinkmock: {error}"
    pytest.fail(message, pytrace=False)  # outside of the except block, so that pytest shows no context


# -- reports of a test


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Reset the records of the test, since plugins may run a failed test again; add one of the shared cluster."""
    records = item.stash[RECORDS] = []
    earlier_cluster = item.config.stash.get(SESSION_CLUSTER, None)
    requests_before = len(earlier_cluster.requests) + earlier_cluster.requests.dropped if earlier_cluster else 0
    result = yield
    session_cluster = item.config.stash.get(SESSION_CLUSTER, None)  # None if the project overrides the fixture
    if session_cluster is not None and "flinkmock_session" in getattr(item, "fixturenames", ()):
        from flinkmock.testing.cluster_record import ClusterRecord

        is_same_cluster = session_cluster is earlier_cluster
        records.append(ClusterRecord(session_cluster, requests_before if is_same_cluster else 0))
    item.stash[REPORTED_FINDINGS] = []
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test whose clients do not meet the scenario's expectations.

    The policies of the test decide which other findings fail it: unexpected requests, faults that never applied,
    expectations that no request can match, and parts of requests that Flink ignores.
    """
    result = yield
    records = item.stash.get(RECORDS, [])
    if records:
        policy = policies(item)
        findings = [
            finding for record in records for finding in record.findings(with_unexpected=policy["unexpected"] == "fail")
        ]
        for record in records:
            without_effect = record.without_effect()
            for name, findings_of_kind in (("unused", without_effect.unused), ("ignored", without_effect.ignored)):
                if findings_of_kind and policy[name] == "fail":
                    findings.append(
                        "\n".join([*findings_of_kind, f'  To allow this: @pytest.mark.flinkmock({name}="report").'])
                    )
                elif policy[name] == "report":
                    item.stash[REPORTED_FINDINGS] += findings_of_kind
        if findings:
            pytest.fail("\n\n".join(findings), pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    try:
        return (yield)
    finally:
        if (compat_report := item.config.stash.get(COMPAT_REPORT, None)) is not None:
            for record in item.stash.get(RECORDS, []):
                compat_report.add(item.nodeid, record.exchanges)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add a report of each cluster to a failed test, and the findings to be reported to a passed one.

    The frames of flinkmock are hidden in tracebacks of its errors.
    """
    if call.excinfo is not None:
        _hide_frames_of_flinkmock(call.excinfo)
    report = yield
    if report.when == "call" and report.passed and (findings := item.stash.get(REPORTED_FINDINGS, [])):
        report.sections.append((WITHOUT_EFFECT_TITLE, "\n".join(findings)))
    if report.failed:
        report.sections.extend(("flinkmock", record.report()) for record in item.stash.get(RECORDS, []))
    return report


def _hide_frames_of_flinkmock(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Hide flinkmock's modules in the traceback, so that it ends at the line of the test."""
    for entry in excinfo.traceback:
        if PACKAGE in Path(entry.path).parents:
            entry.frame.f_globals["__tracebackhide__"] = _is_error_of_flinkmock


def _is_error_of_flinkmock(excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
    from flinkmock.errors import FlinkMockError

    return isinstance(excinfo.value, FlinkMockError)


# -- report of the run


def pytest_sessionfinish(session: pytest.Session) -> None:
    compat_report = session.config.stash.get(COMPAT_REPORT, None)
    if compat_report is not None and hasattr(session.config, "workeroutput"):
        session.config.workeroutput[WORKER_OUTPUT] = compat_report.as_json()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Collect the requests of a worker of pytest-xdist. A crashed one has none."""
    compat_report = node.config.stash.get(COMPAT_REPORT, None)
    if compat_report is not None:
        compat_report.add_json(getattr(node, "workeroutput", {}).get(WORKER_OUTPUT, []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    compat_report = config.stash.get(COMPAT_REPORT, None)
    if compat_report is not None:
        terminalreporter.section(f"upgrade to Flink {compat_report.target_release}")
        terminalreporter.write_line(compat_report.report())
    nodeids_by_finding: dict[str, list[str]] = {}
    for report in terminalreporter.getreports("passed"):
        for title, text in report.sections:
            for finding in text.split("\n") if title == WITHOUT_EFFECT_TITLE else ():
                nodeids_by_finding.setdefault(finding, []).append(report.nodeid)
    if nodeids_by_finding:
        terminalreporter.section(WITHOUT_EFFECT_TITLE, yellow=True)
        for finding, nodeids in nodeids_by_finding.items():
            more = f" and {len(nodeids) - 1} more" if len(nodeids) > 1 else ""
            terminalreporter.write_line(f"{nodeids[0]}{more}: {finding}")
