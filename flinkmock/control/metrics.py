"""Metrics of flinkmock in Prometheus' text format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flinkmock.control.api import ControlApi
    from flinkmock.control.host import ControlHost


def metrics_text(api: ControlApi, host: ControlHost) -> str:
    """Return all metrics in version 0.0.4 of Prometheus' text format."""
    return "".join(f"{line}\n" for line in _lines(api, host))


def _lines(api: ControlApi, host: ControlHost) -> Iterator[str]:
    from flinkmock import __version__

    engine = api.control.engine
    with engine.lock:
        states = Counter(job.state for job in api.control.jobs)
        flink_version = engine.contract.release.version
    journal = engine.journal
    yield from _family("flinkmock_info", "gauge", "Versions of flinkmock and of the served Flink.")
    yield _sample("flinkmock_info", 1, version=__version__, flink=flink_version)
    yield from _family("flinkmock_cluster_time_seconds", "gauge", "Cluster time, in seconds since the epoch.")
    yield _sample("flinkmock_cluster_time_seconds", engine.clock.now() / 1000)
    yield from _family(
        "flinkmock_requests_total",
        "counter",
        "Requests to Flink's REST API, including those that the journal has dropped.",
    )
    yield _sample("flinkmock_requests_total", len(journal) + journal.dropped)
    yield from _family(
        "flinkmock_responses", "gauge", "Exchanges in the journal, by the status of the response; 0: no response."
    )
    for status, count in sorted(Counter(exchange.status for exchange in journal).items()):
        yield _sample("flinkmock_responses", count, status=str(status))
    yield from _family("flinkmock_jobs", "gauge", "Jobs by state.")
    for state, count in sorted(states.items()):
        yield _sample("flinkmock_jobs", count, state=state)
    yield from _family("flinkmock_fault_hits_total", "counter", "Requests to which a fault applied.")
    for name in dict.fromkeys(fault.name for fault in api.control.faults):
        yield _sample("flinkmock_fault_hits_total", engine.faults.hits(name), fault=name)
    yield from _family("flinkmock_clusters", "gauge", "Clusters that the control API created.")
    yield _sample("flinkmock_clusters", len(host.clusters))
    yield from _family("flinkmock_control_responses_total", "counter", "Responses of the control API.")
    for (operation, status), count in sorted(api.response_counts.items()):
        yield _sample("flinkmock_control_responses_total", count, operation=operation, status=str(status))


def _family(name: str, kind: str, description: str) -> Iterator[str]:
    yield f"# HELP {name} {description}"
    yield f"# TYPE {name} {kind}"


def _sample(name: str, value: float, **labels: str) -> str:
    label_texts = [f'{label}="{_escaped(text)}"' for label, text in labels.items()]
    return f"{name}{{{','.join(label_texts)}}} {value}" if label_texts else f"{name} {value}"


def _escaped(label_value: str) -> str:
    return label_value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
