"""Formats a report: JSON (also the format of baselines), JUnit XML, Markdown, GitHub annotations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from flinkmock.conformance.report import Finding, Report
from flinkmock.errors import FlinkMockError, unreadable_message
from flinkmock.tables import counted

FORMATS = ("table", "json", "junit", "markdown", "github")


def format_report(report: Report, name: str) -> str:
    """Return the report in one of `FORMATS`."""
    formats = {"json": as_json, "junit": as_junit, "markdown": as_markdown, "github": as_github}
    return formats[name](report) if name in formats else report.table()


def as_json(report: Report) -> str:
    """Return the report as JSON."""
    document = {
        "url": report.url,
        "flink": report.flink,
        "requests": report.request_count,
        "answered": {operation.id: times for operation, times in report.answered.items()},
        "unanswered": {operation.id: reason for operation, reason in report.unanswered.items()},
        "findings": [
            _entry(finding, targets, report.occurrences[finding]) for finding, targets in report.findings.items()
        ],
        "accepted": [
            _entry(finding, targets, report.occurrences[finding]) for finding, targets in report.accepted.items()
        ],
        "notes": report.notes,
    }
    return json.dumps(document, indent=1, ensure_ascii=False)


def _entry(finding: Finding, targets: list[str], times: int) -> dict[str, Any]:
    return {
        "operation": finding.operation.id,
        "method": finding.operation.method,
        "path": finding.operation.path,
        "pointer": finding.pointer,
        "kind": finding.kind,
        "expected": finding.expected,
        "found": finding.found,
        "times": times,
        "seen": targets,
    }


def read_baseline(file: Path) -> set[tuple[str, str, str, str]]:
    """Return the keys of the findings in a JSON report.

    Raises:
        FlinkMockError: The file can't be read or is not a JSON report.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        entries = [*document["findings"], *document["accepted"]]
        return {(entry["operation"], entry["pointer"], entry["kind"], entry["expected"]) for entry in entries}
    except OSError as error:
        raise FlinkMockError(unreadable_message(file, error)) from error
    except (ValueError, LookupError, TypeError) as error:
        raise FlinkMockError(f"{file} is not a report of `flinkmock check --format json`.") from error


def as_junit(report: Report) -> str:
    """Return the report as JUnit XML. Each operation is a test case."""
    failing = report.findings_by_operation()
    cases = {**dict.fromkeys(report.answered), **dict.fromkeys(failing), **dict.fromkeys(report.unanswered)}
    suite = ElementTree.Element(
        "testsuite",
        name=f"{report.url} as Flink {report.flink}",
        tests=str(len(cases)),
        failures=str(len(failing)),
        skipped=str(sum(operation not in failing for operation in report.unanswered)),
    )
    for operation in cases:
        case = ElementTree.SubElement(suite, "testcase", classname=f"flink.{operation.id}", name=str(operation))
        if findings := failing.get(operation):
            lines = [f"{finding} ({targets[0]})" for finding, targets in findings]
            ElementTree.SubElement(case, "failure", message=_printable(lines[0])).text = _printable("\n".join(lines))
        elif operation in report.unanswered:
            ElementTree.SubElement(case, "skipped", message=_printable(report.unanswered[operation]))
    if report.notes:
        ElementTree.SubElement(suite, "system-out").text = _printable("\n".join(report.notes))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def _printable(text: str) -> str:
    """Replace control characters, which XML does not allow."""
    return "".join(character if character.isprintable() or character == "\n" else "�" for character in text)


def as_markdown(report: Report) -> str:
    """Return the report as a Markdown page."""
    lines = [f"# {report.url} as Flink {report.flink}", ""]
    answered = f"{counted(len(report.answered), 'operation')} answered"
    lines.append(f"{counted(report.request_count, 'request')}, {answered}, {report.headline}.")
    if report.findings:
        lines += ["", "| operation | pointer | kind | expected | found |", "| --- | --- | --- | --- | --- |"]
        for finding in report.findings:
            cells = [
                f"`{finding.operation}`",
                f"`{finding.pointer}`" if finding.pointer else "",
                finding.kind,
                finding.expected,
                finding.found,
            ]
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    if report.notes:
        lines += ["", *(f"- {note}" for note in report.notes)]
    return "\n".join(lines)


def as_github(report: Report) -> str:
    """Return GitHub workflow commands, which appear as annotations of the run."""
    lines = [
        f"::error title={_escaped_property(str(finding.operation))}::{_escaped(f'{finding} ({targets[0]})')}"
        for finding, targets in report.findings.items()
    ]
    lines += [f"::notice title=flinkmock check::{_escaped(note)}" for note in report.notes]
    return "\n".join([*lines, f"::notice title=flinkmock check::{_escaped(f'{report.url}: {report.headline}')}"])


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
