"""How Flink makes a metric's name out of an operator's."""

from __future__ import annotations

from flinkmock.release import Release

LONGEST = 80
"""TaskMetricGroup.METRICS_OPERATOR_NAME_MAX_LENGTH."""
_KEPT_ENDINGS = (": Writer", ": Committer")
_BAD = str.maketrans(dict.fromkeys(" .:,", "_"))


def metric_operator_name(name: str, release: Release) -> str:
    """The name as it stands in front of `.numRecordsIn`: at most 80 characters, and `_` for each of ` .:,`.

    From 2.0 a sink's `: Writer` or `: Committer` outlives the cut (MetricUtils.truncateOperatorName). The characters
    are those of MetricQueryService.replaceInvalidChars.
    """
    if len(name) > LONGEST:
        ending = next((end for end in _KEPT_ENDINGS if release.since("2.0") and name.endswith(end)), "")
        name = name[: LONGEST - len(ending)] + ending
    return name.translate(_BAD)
