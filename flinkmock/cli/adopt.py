"""`flinkmock adopt`: reviews hand-written fakes, and writes a scenario that serves the same jobs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

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
        "Lists what deviates from Flink's responses: statuses, values, and fields that are missing or that Flink does "
        "not send. If a response deviates from every compared release, the deviations from the nearest one are listed, "
        "and the exit code is 1.",
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
    print(_as_json(reviews) if args.format == "json" else _as_text(reviews, stream), file=stream)
    if args.out:
        # with --format json, standard output contains nothing else
        summary_stream = sys.stderr if args.format == "json" else stream
        _write_scenario(responses, _release_to_serve(args.flink, reviews), args.out, summary_stream)
    return int(any(review.deviates for review in reviews))


def _release_to_serve(requested: Sequence[str] | None, reviews: Sequence[Review]) -> str:
    """Return the release to serve: the last requested one, else the newest of those that match the most responses."""
    if requested:
        return requested[-1]
    releases = list(reviews[0].deviations)

    def match_count(release: str) -> int:
        return sum(release in review.releases for review in reviews)

    return max(releases, key=lambda release: (match_count(release), releases.index(release)))


def _as_text(reviews: Sequence[Review], stream: TextIO) -> str:
    """Format reviews for a stream, which determines whether the text has colours."""
    lines: list[str] = []
    compared = _compared_releases(reviews[0])
    for review in reviews:
        verdict = f"deviates from {compared}" if review.deviates else f"as {_matching_releases(review)}"
        verdict = paint(verdict, "red" if review.deviates else "green", stream)
        lines.append(f"{review.response.source}: {review.response.request} {review.response.status}: {verdict}")
        if review.deviates:
            deviations = list(review.deviations[review.nearest])
            lines.append(f"  nearest: Flink {review.nearest}")
            lines += [f"    {line}" for line in deviations[:MAX_LINES]]
            if len(deviations) > MAX_LINES:
                lines.append(f"    … and {len(deviations) - MAX_LINES} more")
    deviating_count, count = sum(review.deviates for review in reviews), len(reviews)
    verb = "deviates" if deviating_count == 1 else "deviate"
    lines.append(f"{count} response{'' if count == 1 else 's'}, {deviating_count} of them {verb} from {compared}")
    return "\n".join(lines)


def _compared_releases(review: Review) -> str:
    """Return "every release", "every compared release", or the only compared release: "Flink 1.20"."""
    from flinkmock.contract import known_releases

    compared = list(review.deviations)
    if len(compared) == 1:
        return f"Flink {compared[0]}"
    return "every release" if compared == list(known_releases()) else "every compared release"


def _matching_releases(review: Review) -> str:
    """Format the releases that can send a response: "Flink 1.12 to 1.20"."""
    from flinkmock.contract import known_releases

    matching, known = review.releases, list(known_releases())
    if len(matching) == len(review.deviations):
        return _compared_releases(review)
    if len(matching) > 2 and matching == known[known.index(matching[0]) : known.index(matching[-1]) + 1]:
        return f"Flink {matching[0]} to {matching[-1]}"
    return f"Flink {', '.join(matching)}"


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


def _write_scenario(responses: Sequence[HandWrittenResponse], release: str, out: Path, summary_stream: TextIO) -> None:
    """Write a scenario that serves the same jobs. If `out` is a file, print a summary."""
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
    result = replay(responses, scenario)
    lines = [f"{out}: Flink {release}, {job_count}. See: flinkmock scenario plan {out}"]
    if result.compared_count:
        counts = f"{result.equal_count} of {result.compared_count}"
        lines.append(f"{counts} GET requests get the same jobs, names, states and sizes from it")
    lines += [f"  {difference}" for difference in result.differences[:MAX_LINES]]
    if len(result.differences) > MAX_LINES:
        lines.append(f"  … and {len(result.differences) - MAX_LINES} more")
    print("\n".join(lines), file=summary_stream)
