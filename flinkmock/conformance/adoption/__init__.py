"""Reviews hand-written fakes of Flink's REST API, and makes a scenario that serves the same.

fakes = read_fakes([Path("tests/mappings")])
reviews = [review(fake, ["1.20", "2.3"]) for fake in fakes]
scenario_of(fakes, "2.3")
"""

from flinkmock.conformance.adoption.fakes import FakeResponse
from flinkmock.conformance.adoption.readers import read_fakes
from flinkmock.conformance.adoption.review import Review, review
from flinkmock.conformance.adoption.scenario import scenario_of

__all__ = ["FakeResponse", "Review", "read_fakes", "review", "scenario_of"]
"""What `flinkmock adopt` uses."""
