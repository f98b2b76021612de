"""Converts the name of an operator to its name in metrics."""

from __future__ import annotations

from flinkmock.release import Release

MAX_CHARACTERS = 80
"""TaskMetricGroup.METRICS_OPERATOR_NAME_MAX_LENGTH."""
_KEPT_ENDINGS = (": Writer", ": Committer")
_REPLACED_CHARACTERS = str.maketrans(dict.fromkeys(" .:,", "_"))


def metric_operator_name(name: str, release: Release) -> str:
    """Return the name of an operator as metric names begin with it: at most 80 characters, with `_` for each of ` .:,`.

    Since 2.0, a truncated name of a sink keeps `: Writer` or `: Committer` (MetricUtils.truncateOperatorName).
    MetricQueryService.replaceInvalidChars defines the replaced characters.
    """
    if len(name) > MAX_CHARACTERS:
        ending = next((end for end in _KEPT_ENDINGS if release.since("2.0") and name.endswith(end)), "")
        name = name[: MAX_CHARACTERS - len(ending)] + ending
    return name.translate(_REPLACED_CHARACTERS)
