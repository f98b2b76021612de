"""pytest plugin: the fixture `flinkmock`, a fake cluster of its own for each test.

    def test_polling(flinkmock):
        wait_until_finished(flinkmock.url)

    @pytest.mark.flinkmock("orders.yaml", flink=["1.20", "2.3"])
    async def test_orders(flinkmock): ...

Everything is told in docs/pytest.md. What is said in several places is taken from the first of these: the call of the
factory, the test's marker, the command line, the ini file, the scenario, the default.

pytest imports this file in every run, so nothing of ours is imported here before a cluster is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flinkmock.testing.cluster_record import ClusterRecord
    from flinkmock.testing.compat_report import CompatReport
    from flinkmock.testing.mock import FlinkMock

MARKER = (
    "flinkmock(scenario=None, *, flink=None, seed=None, clock=None, port=0, dashboard=None, unexpected=None): the "
    "cluster that the fixture `flinkmock` starts; a scenario's file is looked for beside the test, where the ini file "
    "is, where pytest was started and among flinkmock's own; several releases in `flink` run the test once for each; "
    "unexpected='allow' lets clients ask for what the release does not have"
)
ARGUMENTS = "flink", "seed", "clock", "port", "dashboard", "unexpected"
"""What the marker takes besides the scenario."""
UNEXPECTED = "fail", "allow"
"""What becomes of a test in which clients asked for what the release does not have."""
WATCHES: pytest.StashKey[list[ClusterRecord]] = pytest.StashKey()
"""The clusters that a test uses."""
SHARED: pytest.StashKey[FlinkMock] = pytest.StashKey()
"""The cluster of the whole run, as soon as there is one."""
UPGRADE: pytest.StashKey[CompatReport] = pytest.StashKey()
"""What all tests have asked, if `--flinkmock-compat` wants to know."""
ASKED = "flinkmock_asked"
"""Under which name a worker of pytest-xdist hands that to the controller."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("flinkmock")
    releases = "the Flink releases to run tests with a fake cluster against: 1.20,2.3, or all"
    group.addoption("--flinkmock-flink", metavar="RELEASES", help=f"{releases}; a test's own marker wins")
    group.addoption(
        "--flinkmock-compat",
        metavar="RELEASE",
        help="tell at the end what the requests of this run will feel in an upgrade to that release of Flink",
    )
    parser.addini("flinkmock_flink", releases, type="args", default=[])
    parser.addini("flinkmock_scenario", "the scenario of tests that name none", default="")
    parser.addini("flinkmock_clock", 'the clock of tests that name none: "virtual", "real", "10x"', default="")
    parser.addini("flinkmock_seed", "the seed of tests that name none", default="")
    parser.addini("flinkmock_unexpected", "requests that met no operation: fail or allow", default="fail")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    target = config.getoption("--flinkmock-compat")
    releases = _releases_of_run(config)
    try:
        _defaults(config)
        if releases or target:
            from flinkmock.contract import Contract

            for release in (*releases, *filter(None, [target])):
                Contract.load(release)
    except ValueError as error:  # UnknownRelease among them
        raise pytest.UsageError(f"flinkmock: {error}") from None
    if (unexpected := config.getini("flinkmock_unexpected")) not in UNEXPECTED:
        raise pytest.UsageError(_refusal(unexpected))
    if target:
        from flinkmock.testing.compat_report import CompatReport

        config.stash[UPGRADE] = CompatReport(target)


# -- fixtures


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    releases: Any = _releases_of_run(metafunc.config)
    if "flinkmock_session" in metafunc.fixturenames and releases:
        _once_for_each(metafunc, "flinkmock_session", releases, scope="session")
    if "flinkmock_flink" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("flinkmock")
        own = marker.kwargs.get("flink") if marker else None
        alone = isinstance(own, str) and _releases(own) == [own]  # no matrix: the test keeps its name
        if not alone and (own is not None or releases):
            _once_for_each(metafunc, "flinkmock_flink", releases if own is None else _releases(own), scope=None)


@pytest.fixture
def flinkmock_flink(request: pytest.FixtureRequest) -> str | None:
    """The Flink release that this test's clusters serve; None: what the scenario says, else the newest."""
    release: object = getattr(request, "param", None) or _marked(request.node)[1].get("flink")
    if release is None or isinstance(release, str):
        return release
    pytest.fail("flinkmock: several releases stand in the marker of a test, not of a parameter", pytrace=False)


@pytest.fixture
def flinkmock_factory(
    request: pytest.FixtureRequest, flinkmock_flink: str | None
) -> Iterator[Callable[..., FlinkMock]]:
    """Starts as many clusters as a test wants: `flinkmock_factory("orders.yaml", seed=7)`; they end with the test.

    Takes what `FlinkMock` takes, and raises what it raises.
    """
    from flinkmock.testing.cluster_record import ClusterRecord
    from flinkmock.testing.mock import FlinkMock

    watches = request.node.stash[WATCHES]
    started: list[FlinkMock] = []

    def start(scenario: Any = None, **options: Any) -> FlinkMock:
        __tracebackhide__ = True
        given = {**_defaults(request.config), "flink": flinkmock_flink, **options}
        file = _scenario(scenario, request.config, request.path.parent)
        cluster = FlinkMock(file, **given).start()
        started.append(cluster)
        watches.append(ClusterRecord(cluster))
        return cluster

    yield start
    while started:
        started.pop().close()


@pytest.fixture
def flinkmock(request: pytest.FixtureRequest, flinkmock_factory: Callable[..., FlinkMock]) -> FlinkMock:
    """A fake Flink cluster (`FlinkMock`), started for this test and stopped after it."""
    args, options = _marked(request.node)
    options.pop("flink", None)
    options.pop("unexpected", None)
    return _started(lambda: flinkmock_factory(*args, **options))


@pytest.fixture(scope="session")
def flinkmock_session(request: pytest.FixtureRequest) -> Iterator[FlinkMock]:
    """One cluster on a real clock for the whole run (of each worker): for tests that only need some Flink."""
    from flinkmock.testing.mock import FlinkMock

    options = {"clock": "real", **_defaults(request.config), "flink": getattr(request, "param", None)}
    with _started(lambda: FlinkMock(_scenario(None, request.config), **options).start()) as cluster:
        request.config.stash[SHARED] = cluster
        yield cluster
    del request.config.stash[SHARED]


def _started(start: Callable[[], FlinkMock]) -> FlinkMock:
    """A mistake in what was asked for fails the test by its own words alone."""
    from flinkmock.errors import FlinkMockError

    try:
        return start()
    except (FlinkMockError, ValueError) as error:
        wrong = f"flinkmock: {error}"
    pytest.fail(wrong, pytrace=False)  # out here, without the way that the mistake has come


# -- what a test is told


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """A test begins, perhaps not for the first time (there are plugins that run failed tests again)."""
    watches = item.stash[WATCHES] = []
    before = item.config.stash.get(SHARED, None)
    asked = len(before.requests) + before.requests.dropped if before else 0
    result = yield
    shared = item.config.stash.get(SHARED, None)  # none if a project has a fixture of its own by that name
    if shared is not None and "flinkmock_session" in getattr(item, "fixturenames", ()):
        from flinkmock.testing.cluster_record import ClusterRecord

        watches.append(ClusterRecord(shared, asked if shared is before else 0))
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """What the scenario expects of clients is part of the test, and so is that they ask for what the release has."""
    result = yield
    watches = item.stash.get(WATCHES, [])
    if watches:
        unexpected = _marked(item)[1].get("unexpected", item.config.getini("flinkmock_unexpected"))
        wrong = [text for watch in watches for text in watch.complaints(unexpected=unexpected == "fail")]
        if wrong:
            pytest.fail("\n\n".join(wrong), pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    try:
        return (yield)
    finally:
        if (upgrade := item.config.stash.get(UPGRADE, None)) is not None:
            for watch in item.stash.get(WATCHES, []):
                upgrade.note(item.nodeid, watch.asked)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test tells what its clusters went through and what they were asked."""
    report = yield
    if report.failed:
        report.sections.extend(("flinkmock", watch.told()) for watch in item.stash.get(WATCHES, []))
    return report


# -- what a run is told


def pytest_sessionfinish(session: pytest.Session) -> None:
    upgrade = session.config.stash.get(UPGRADE, None)
    if upgrade is not None and hasattr(session.config, "workeroutput"):
        session.config.workeroutput[ASKED] = upgrade.as_json()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker of pytest-xdist has ended, and left what its tests asked (or crashed, and left nothing)."""
    upgrade = node.config.stash.get(UPGRADE, None)
    if upgrade is not None:
        upgrade.add_json(getattr(node, "workeroutput", {}).get(ASKED, []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    upgrade = config.stash.get(UPGRADE, None)
    if upgrade is not None:
        terminalreporter.section(f"upgrade to Flink {upgrade.target}")
        terminalreporter.write_line(upgrade.told())


# -- what was said where


def _marked(node: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What the nearest marker says: (scenario or nothing, options). Fails the test for what it can't say."""
    marker = node.get_closest_marker("flinkmock")
    if marker is None:
        return (), {}
    options = {**marker.kwargs}
    strange = sorted(options.keys() - {"scenario", *ARGUMENTS})
    scenarios = len(marker.args) + ("scenario" in options)
    if strange or scenarios > 1:
        what = f"no {', '.join(strange)}" if strange else f"one scenario, not {scenarios}"
        pytest.fail(f"the marker flinkmock takes {what}; it is {MARKER.partition(':')[0]}", pytrace=False)
    if options.get("unexpected", "fail") not in UNEXPECTED:
        pytest.fail(_refusal(options["unexpected"]), pytrace=False)
    return marker.args, options


def _refusal(unexpected: object) -> str:
    return f"flinkmock: unexpected requests are to {' or '.join(UNEXPECTED)}, not {unexpected!r}"


def _defaults(config: pytest.Config) -> dict[str, Any]:
    """What the ini file says of every cluster. Raises ValueError."""
    clock, seed = config.getini("flinkmock_clock"), config.getini("flinkmock_seed")
    if seed and not str(seed).isdecimal():
        raise ValueError(f"flinkmock_seed is a number, not {seed!r}")
    return {**({"clock": clock} if clock else {}), **({"seed": int(seed)} if seed else {})}


def _releases_of_run(config: pytest.Config) -> list[str]:
    return _releases(config.getoption("--flinkmock-flink") or ",".join(config.getini("flinkmock_flink")))


def _releases(asked: object) -> list[str]:
    """From "1.20, 2.3", from a list of them, or from "all". Whatever else there is stays, to be refused by name."""
    if asked == "all":
        from flinkmock.contract import known_releases

        return list(known_releases())
    names = asked.split(",") if isinstance(asked, str) else asked if isinstance(asked, list | tuple) else [asked]
    return [name for each in names if (name := str(each).strip())]


def _once_for_each(metafunc: pytest.Metafunc, fixture: str, releases: list[str], *, scope: Any) -> None:
    """pytest skips the test if there is no release."""
    ids = [f"flink-{release}" for release in releases]
    metafunc.parametrize(fixture, releases, indirect=True, ids=ids, scope=scope)


def _scenario(scenario: Any, config: pytest.Config, folder: Path = Path()) -> Any:
    """The scenario of the ini file where None is given; a file's name as the path where the file is, which may be the
    test's `folder`. Raises ScenarioError if it is nowhere."""
    from flinkmock.scenario.diagnostics import Diagnostics, SourceLocation
    from flinkmock.scenario.files import found, names_file

    beside_ini = config.inipath.parent if config.inipath else config.rootpath
    folders = [folder, beside_ini, Path()]
    if scenario is None:
        scenario, folders = config.getini("flinkmock_scenario"), [beside_ini]
        if not scenario:
            return None
    elif not names_file(scenario):
        return scenario
    return found(scenario, folders, SourceLocation(str(scenario)), Diagnostics())
