"""Reviews hand-written fakes of Flink's REST API, and writes a scenario that serves the same jobs.

    responses = read_fakes([Path("tests/mappings")])
    reviews = [review(response, ["1.20", "2.3"]) for response in responses]
    scenario = scenario_of(responses, "2.3")
    result = replay(responses, scenario)

`flinkmock adopt` prints the result.
"""

from flinkmock.conformance.adoption.hand_written import HandWrittenResponse
from flinkmock.conformance.adoption.readers import read_fakes
from flinkmock.conformance.adoption.replay import Difference, ReplayResult, replay
from flinkmock.conformance.adoption.review import Review, review
from flinkmock.conformance.adoption.scenario import scenario_of

__all__ = [
    "Difference",
    "HandWrittenResponse",
    "ReplayResult",
    "Review",
    "read_fakes",
    "replay",
    "review",
    "scenario_of",
]
"""What `flinkmock adopt` uses."""
