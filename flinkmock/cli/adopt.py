"""`flinkmock adopt`: reviews hand-written fakes, and writes a scenario that serves the same jobs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flinkmock.cli.terminal import paint

if TYPE_CHECKING:
    from flinkmock.conformance.adoption import HandWrittenResponse, Review

MAX_LINES = 6
"""The maximum number of deviations of one response, or of differences of the scenario, that the text lists. The JSON
format contains all deviations."""


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "adopt",
        help="review hand-written fakes, and write a scenario that serves the same jobs",
        description="Reads the responses of hand-written fakes: WireMock mappings, HAR files, routes of the Python "
        "libraries responses, respx and requests-mock exported as JSON, plain JSON bodies, and folders of these. "
        "Reports the fields and values that no release of Flink sends. The exit code is 1 if a response deviates from "
        "every release.",
        examples=(
            "flinkmock adopt tests/mappings",
            "flinkmock adopt routes.json --flink 1.20 --flink 2.3",
            "flinkmock adopt session.har -o scenario.yaml",
        ),
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a file or a folder")
    parser.add_argument(
        "--flink", action="append", metavar="RELEASE", help="compare with this release; can be repeated; default: all"
    )
    parser.add_argument(
        "-o", "--out", type=Path, metavar="FILE", help="write a scenario that serves the same jobs; -: standard output"
    )
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: %(default)s")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from flinkmock.conformance.adoption import read_fakes, review
    from flinkmock.contract import known_releases
    from flinkmock.errors import FlinkMockError

    if args.out and str(args.out) != "-" and args.out.exists() and not args.force:
        raise FlinkMockError(f"{args.out} exists. To overwrite it, use --force.")
    for file in args.files:
        if not file.exists():
            raise FlinkMockError(f"{file}: file not found.")
    responses = read_fakes(args.files)
    if not responses:
        raise FlinkMockError("These files contain no responses.")
    releases = args.flink or known_releases()
    reviews = [review(response, releases) for response in responses]
    stream = sys.stderr if str(args.out) == "-" else sys.stdout
    print(_as_json(reviews) if args.format == "json" else _as_text(reviews), file=stream)
    if args.out:
        _write_scenario(responses, _release_to_serve(args.flink, reviews), args.out)
    return int(any(review.deviates for review in reviews))


def _release_to_serve(requested: Sequence[str] | None, reviews: Sequence[Review]) -> str:
    """Return the release to serve: the last requested one, else the newest of those that match the most responses."""
    if requested:
        return requested[-1]
    releases = list(reviews[0].deviations)

    def match_count(release: str) -> int:
        return sum(release in review.releases for review in reviews)

    return max(releases, key=lambda release: (match_count(release), releases.index(release)))


def _as_text(reviews: Sequence[Review]) -> str:
    lines: list[str] = []
    for review in reviews:
        verdict = "deviates from every release" if review.deviates else _matching_releases(review)
        colour = "red" if review.deviates else "green"
        lines.append(
            f"{review.response.source}: {review.response.request} {review.response.status}: {paint(verdict, colour)}"
        )
        if review.deviates:
            deviations = list(review.deviations[review.nearest])
            lines.append(f"  nearest: Flink {review.nearest}")
            lines += [f"    {line}" for line in deviations[:MAX_LINES]]
            if len(deviations) > MAX_LINES:
                lines.append(f"    … and {len(deviations) - MAX_LINES} more")
    deviating_count, count = sum(review.deviates for review in reviews), len(reviews)
    verb = "deviates" if deviating_count == 1 else "deviate"
    lines.append(f"{count} response{'' if count == 1 else 's'}, {deviating_count} of them {verb} from every release")
    return "\n".join(lines)


def _matching_releases(review: Review) -> str:
    """Format the releases that can send a response: "as Flink 1.12 to 1.20"."""
    compared = list(review.deviations)
    if review.releases == compared:
        return "as every release" if len(compared) > 1 else f"as Flink {compared[0]}"
    first, last = compared.index(review.releases[0]), compared.index(review.releases[-1])
    if len(review.releases) > 2 and review.releases == compared[first : last + 1]:
        return f"as Flink {compared[first]} to {compared[last]}"
    return f"as Flink {', '.join(review.releases)}"


def _as_json(reviews: Sequence[Review]) -> str:
    return json.dumps(
        [
            {
                "source": review.response.source,
                "request": review.response.request,
                "status": review.response.status,
                "operation": review.operation and str(review.operation),
                "releases": review.releases,
                "deviations": {
                    release: list(deviations) for release, deviations in review.deviations.items() if deviations
                },
            }
            for review in reviews
        ],
        indent=1,
        ensure_ascii=False,
    )


def _write_scenario(responses: Sequence[HandWrittenResponse], release: str, out: Path) -> None:
    import yaml

    from flinkmock.cli.record import scenario_dumper
    from flinkmock.conformance.adoption import replay, scenario_of
    from flinkmock.errors import FlinkMockError, unwritable_message
    from flinkmock.tables import counted

    scenario = scenario_of(responses, release)
    text = yaml.dump(scenario, Dumper=scenario_dumper(), sort_keys=False, allow_unicode=True, width=120)
    text = f"# Generated by flinkmock adopt.\n{text}"
    if str(out) == "-":
        print(text, end="")
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FlinkMockError(unwritable_message(out, error)) from error
    job_count = counted(len(scenario.get("jobs", {})), "job")
    compared_count, differences = replay(responses, scenario)
    equal_count = compared_count - len({difference.request for difference in differences})
    print(f"{out}: Flink {release}, {job_count}. See: flinkmock scenario plan {out}")
    if compared_count:
        print(f"{equal_count} of {compared_count} GET requests get the same jobs, names, states and sizes from it")
    for difference in differences[:MAX_LINES]:
        print(f"  {difference}")
    if len(differences) > MAX_LINES:
        print(f"  … and {len(differences) - MAX_LINES} more")
