"""Compares the recording of a server with that of a real cluster.

    python -m tests.fidelity.compare tests/recordings/2.3.0 FOLDER [--verbose]

Steps are paired by suite and name. Two steps are equal if their responses have the same status, content type, CORS
header and kind of body (json, text, binary, empty), and if JSON bodies have the same shape (`shape.py`) or the same
error messages (`error_responses.py`). If the steps poll, the order of the states has to agree, too.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fidelity.error_responses import compare_errors
from tests.fidelity.recorded_response import NO_RESPONSE
from tests.fidelity.recordings import Steps, load, suite_paths
from tests.fidelity.shape import compare_bodies

TRANSIENT_STATES = frozenset(
    {"CANCELING", "CANCELLING", "CREATED", "FAILING", "INITIALIZING", "IN_PROGRESS", "RECONCILING"}
)
"""Short-lived states that a poll can miss."""
STEPS_DURING_TRANSITION = frozenset({"right after cancel"})
"""Steps whose request is sent during a transition: all states count as equal."""
STEPS_ABOUT_OPTIONAL_CHECKPOINT = frozenset({"FAILED checkpoint details", "FAILED checkpoint subtasks"})
"""Steps about a checkpoint that the failing job may or may not complete: 200 and 404 count as equal."""
MAX_SHOWN_DIFFERENCES = 4
"""How many differences of a body are listed; the others are only counted."""


@dataclass
class Score:
    """How many steps of one or more suites are equal, and the differences of the others, by "SUITE: STEP"."""

    step_count: int = 0
    equal_count: int = 0
    differences: dict[str, list[str]] = field(default_factory=dict)

    @property
    def equal_share(self) -> float:
        return self.equal_count / self.step_count if self.step_count else 1.0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.step_count + other.step_count,
            self.equal_count + other.equal_count,
            self.differences | other.differences,
        )

    def __str__(self) -> str:
        return f"{self.equal_count:5} of {self.step_count:5} steps equal, {self.equal_share:6.1%}"


def compare(real: Steps, other: Steps) -> Score:
    """Compare each real step with the other step of the same suite and name."""
    other_steps = {(step["suite"], step["step"]): step for step in other}
    score = Score()
    for real_step in real:
        suite, name = real_step["suite"], real_step["step"]
        other_step = other_steps.get((suite, name))
        differences = ["step missing"] if other_step is None else list(compare_steps(real_step, other_step))
        score.step_count += 1
        if differences:
            score.differences[f"{suite}: {name}"] = differences
        else:
            score.equal_count += 1
    return score


def compare_steps(real_step: dict[str, Any], other_step: dict[str, Any]) -> Iterator[str]:
    """Yield the differences of two steps."""
    real, other = real_step["response"], other_step["response"]
    if real_step["step"] in STEPS_ABOUT_OPTIONAL_CHECKPOINT and {real["status"], other["status"]} == {200, 404}:
        return
    if real["status"] != other["status"]:
        yield f"status {other['status']} not {real['status']}"
    if NO_RESPONSE["status"] in (real["status"], other["status"]):
        return
    if content_type(real) != content_type(other):
        yield f"content-type {content_type(other)} not {content_type(real)}"
    if has_cors(real) != has_cors(other):
        yield f"CORS header {'present' if has_cors(other) else 'absent'}"
    if real["kind"] != other["kind"]:
        yield f"body is {other['kind']}, not {real['kind']}"
    elif real["kind"] == "json":
        differences = body_differences(real_step, real["body"], other["body"])
        if differences:
            hidden_count = len(differences) - MAX_SHOWN_DIFFERENCES
            yield "; ".join(differences[:MAX_SHOWN_DIFFERENCES]) + (f" (+{hidden_count})" if hidden_count > 0 else "")
    if "timeline" in real_step:
        real_states, other_states = states(real_step), states(other_step)
        # a poll can miss a short state that the other poll shows
        agree = is_subsequence(real_states, other_states) or is_subsequence(other_states, real_states)
        if real_states[-1:] != other_states[-1:] or not agree:
            yield f"states {other_states} not {real_states}"


def body_differences(step: dict[str, Any], real: Any, other: Any) -> list[str]:
    """Return the differences between the two JSON bodies of a step.

    The bodies of a volatile step (see `Driver.step`) are compared only if both are non-empty and, if they are objects,
    have the same keys in the same order.
    """
    if isinstance(real, dict) and isinstance(other, dict) and "errors" in real and "errors" in other:
        return compare_errors(real, other)
    if step.get("volatile"):
        comparable = real and other and (isinstance(real, list) or list(real) == list(other))
        return compare_bodies(real, other) if comparable else []
    return compare_bodies(real, other, during_transition=step["step"] in STEPS_DURING_TRANSITION)


def content_type(response: dict[str, Any]) -> str:
    return re.sub(r"\s", "", response["headers"].get("content-type", "none").lower())


def has_cors(response: dict[str, Any]) -> bool:
    return "access-control-allow-origin" in response["headers"]


def states(step: dict[str, Any]) -> list[str]:
    """Return the states of a polled step, without those that a poll can miss and without repetitions.

    The text of an entry of the timeline is one of:

    - a state: `RUNNING`
    - the state of an async operation, with the keys of its result: `COMPLETED:location`
    - the states of a job and its vertices: `RUNNING|CREATED,CREATED`; only that of the job counts
    - the state of a job and its numbers of tasks: `RUNNING total=4,scheduled=4`; only the state counts
    - numbers only: `jobs-running=1,jobs-finished=3`; these entries do not count
    - an error: `HTTP 404`, or `?` for a body of another form
    - any other text that a suite returns for a response, such as `ok`, `empty` or `gone`; it counts like a state
    """
    polled: list[str] = []
    for _, _, text in step.get("timeline") or []:
        if "=" in text and "|" not in text and " " not in text:
            continue  # numbers only
        state = re.split(r"[| ]", text)[0]
        if state not in TRANSIENT_STATES and polled[-1:] != [state]:
            polled.append(state)
    return polled


def is_subsequence(part: list[str], whole: list[str]) -> bool:
    """Return whether `part` is `whole` with some elements left out."""
    remaining = iter(whole)
    return all(state in remaining for state in part)


def compare_folders(real: Path, other: Path) -> dict[str, Score]:
    """Return the scores of the suites that both folders have."""
    other_paths = suite_paths(other)
    return {
        suite: compare(load(path), load(other_paths[suite]))
        for suite, path in suite_paths(real).items()
        if suite in other_paths
    }


def report(scores: dict[str, Score], *, verbose: bool = False) -> str:
    """Return a line for each suite and for each step that differs, as one text. `verbose` keeps long lines whole."""
    total = sum(scores.values(), Score())
    lines = [f"{suite:14} {score}" for suite, score in [*scores.items(), ("TOTAL", total)]]
    for name, differences in total.differences.items():
        text = " | ".join(differences)
        lines.append(f"  {name}: {text if verbose else text[:300]}")
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
