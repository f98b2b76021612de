"""`flinkmock dashboard fetch`: downloads the files of Flink's dashboard, which flinkmock does not contain."""

from __future__ import annotations

import argparse
from typing import Any


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "dashboard",
        help="get the files of Flink's dashboard",
        description="Gets the files of Flink's dashboard for `flinkmock serve --dashboard`. flinkmock does not contain "
        "them.",
        examples=("flinkmock dashboard fetch --flink 1.20",),
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    fetch = actions.add_parser(
        "fetch",
        help="download the dashboard of a release with pip",
        description="Downloads the Python package apache-flink-libraries (for 1.12 apache-flink) of a release with pip "
        "(200 MB or more), keeps the files of the dashboard (some MB) in the cache, and deletes the rest. The cache is "
        "$FLINKMOCK_CACHE, else $XDG_CACHE_HOME/flinkmock, else ~/.cache/flinkmock.",
        examples=("flinkmock dashboard fetch", "flinkmock dashboard fetch --flink 1.20"),
    )
    fetch.add_argument("--flink", metavar="RELEASE", help="default: the newest")
    fetch.set_defaults(run=run_fetch)


def run_fetch(args: argparse.Namespace) -> int:
    from flinkmock.cli.dashboard_download import download
    from flinkmock.contract import LATEST, Contract

    release = Contract.load(args.flink or LATEST).release
    file = download(release)
    print(
        f"{file}: the dashboard of Flink {release.minor}. Serve it: flinkmock serve --flink {release.minor} --dashboard"
    )
    return 0
