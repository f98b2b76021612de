"""Compares the recording of a server with that of a real Flink.

    python -m tests.fidelity.compare tests/recordings/2.3.0 FOLDER [--verbose]

Steps are paired by suite and name. Two steps are equal if status, content type, CORS header and kind of body (json,
text, binary, empty) are equal, the shape of JSON bodies (`shape.py`) or their error messages (`errors.py`), and the
order of states of polled steps.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fidelity.errors import compare_errors
from tests.fidelity.recordings import Steps, load, suites
from tests.fidelity.shape import compare_bodies

TRANSIENT = frozenset({"CANCELING", "CANCELLING", "CREATED", "FAILING", "INITIALIZING", "IN_PROGRESS", "RECONCILING"})
"""Short-lived states that a poll can miss."""
ANY_STATE = frozenset({"right after cancel"})
"""Steps whose request is sent during a transition: all states count as equal."""
MAY_BE_MISSING = frozenset({"FAILED checkpoint details", "FAILED checkpoint subtasks"})
"""Steps about a checkpoint that the failing job may or may not complete: 200 and 404 count as equal."""


@dataclass
class Score:
    """The score of one suite, or the sum of several. `differing` has the differences by step."""

    steps: int = 0
    matching: int = 0
    differing: dict[str, list[str]] = field(default_factory=dict)

    @property
    def share(self) -> float:
        return self.matching / self.steps if self.steps else 1.0

    def __add__(self, other: Score) -> Score:
        return Score(self.steps + other.steps, self.matching + other.matching, self.differing | other.differing)

    def __str__(self) -> str:
        return f"{self.matching:5} of {self.steps:5} steps equal, {self.share:6.1%}"


def compare(real: Steps, other: Steps) -> Score:
    ours = {(step["suite"], step["step"]): step for step in other}
    score = Score()
    for step in real:
        suite, name = step["suite"], step["step"]
        mine = ours.get((suite, name))
        reasons = ["step missing"] if mine is None else list(differences(step, mine))
        score.steps += 1
        if reasons:
            score.differing[f"{suite}: {name}"] = reasons
        else:
            score.matching += 1
    return score


def differences(real: dict[str, Any], other: dict[str, Any]) -> Iterator[str]:
    """Yield the differences of two steps."""
    theirs, ours = real["response"], other["response"]
    if real["step"] in MAY_BE_MISSING and {theirs["status"], ours["status"]} == {200, 404}:
        return
    if theirs["status"] != ours["status"]:
        yield f"status {ours['status']} not {theirs['status']}"
    if 0 in (theirs["status"], ours["status"]):
        return
    if content_type(theirs) != content_type(ours):
        yield f"content-type {content_type(ours)} not {content_type(theirs)}"
    if has_cors(theirs) != has_cors(ours):
        yield f"CORS header {'present' if has_cors(ours) else 'absent'}"
    if theirs["kind"] != ours["kind"]:
        yield f"body is {ours['kind']}, in real {theirs['kind']}"
    elif theirs["kind"] == "json" and (texts := body_differences(real, theirs["body"], ours["body"])):
        more = f" (+{len(texts) - 4})" if len(texts) > 4 else ""
        yield "; ".join(texts[:4]) + more
    if "timeline" in real:
        expected, got = states(real), states(other)
        # a poll may miss or catch a state
        if expected[-1:] != got[-1:] or not (is_subsequence(expected, got) or is_subsequence(got, expected)):
            yield f"states {got} not {expected}"


def body_differences(step: dict[str, Any], real: Any, other: Any) -> list[str]:
    if isinstance(real, dict) and isinstance(other, dict) and "errors" in real and "errors" in other:
        return compare_errors(real, other)
    if step.get("volatile"):
        comparable = real and other and (isinstance(real, list) or list(real) == list(other))
        return compare_bodies(real, other) if comparable else []
    return compare_bodies(real, other, during_transition=step["step"] in ANY_STATE)


def content_type(response: dict[str, Any]) -> str:
    return re.sub(r"\s", "", response["headers"].get("content-type", "none").lower())


def has_cors(response: dict[str, Any]) -> bool:
    return "access-control-allow-origin" in response["headers"]


def states(step: dict[str, Any]) -> list[str]:
    """Return the states of a polled step, without those that a poll can miss and without repetitions."""
    names: list[str] = []
    for _, _, text in step.get("timeline") or []:
        if "=" in text and "|" not in text and " " not in text:
            continue  # counters
        state = re.split(r"[| ]", text)[0]
        if state not in TRANSIENT and names[-1:] != [state]:
            names.append(state)
    return names


def is_subsequence(part: list[str], whole: list[str]) -> bool:
    """Return whether `part` is `whole` with some elements left out."""
    remaining = iter(whole)
    return all(state in remaining for state in part)


def compare_folders(real: Path, other: Path) -> dict[str, Score]:
    """Return the scores of the suites that both folders have."""
    ours = suites(other)
    return {suite: compare(load(path), load(ours[suite])) for suite, path in suites(real).items() if suite in ours}


def report(scores: dict[str, Score], *, verbose: bool = False) -> str:
    total = sum(scores.values(), Score())
    lines = [f"{suite:14} {score}" for suite, score in [*scores.items(), ("TOTAL", total)]]
    for step, reasons in total.differing.items():
        text = " | ".join(reasons)
        lines.append(f"  {step}: {text if verbose else text[:300]}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("real", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("--verbose", "-v", action="store_true", help="do not cut long differences")
    args = parser.parse_args()
    print(report(compare_folders(args.real, args.other), verbose=args.verbose))


if __name__ == "__main__":
    main()
