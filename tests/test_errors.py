"""Errors are exported, documented and hashable, and survive pickle. Those that docstrings name are FlinkMockErrors."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pickle
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import flinkmock
from flinkmock import AdaptiveSchedulerFeature, ClusterError, FlinkMockError, JavaException
from flinkmock.cluster import errors as cluster_errors
from flinkmock.errors import NotFound, PortTaken, ScenarioError, UnknownRelease

MODULES_WITH_PUBLIC_CLASSES = (
    "flinkmock",
    "flinkmock.faults",
    "flinkmock.journal",
    "flinkmock.strategies",
    "flinkmock.control.cluster_control",
    "flinkmock.control.clock",
    "flinkmock.control.faults",
    "flinkmock.control.job",
    "flinkmock.control.jobs",
    "flinkmock.control.processes",
    "flinkmock.testing.mock",
)
RAISES_SENTENCE = re.compile(r"\bRaises ([A-Z]\w+(?:(?:, | or | and )(?=[A-Z])\w+)*)")
RAISES_SECTION = re.compile(r"^ *Raises[^\n]*:\n((?:(?: {4,}.*)?\n?)*)", re.MULTILINE)
RAISES_ENTRY = re.compile(r"^ {4}(\w+):", re.MULTILINE)
VALUES_BY_TYPE = {
    "str": "abc",
    "int": 7,
    "bool": True,
    "JavaException": JavaException("java.lang.Error", "no"),
    "AdaptiveSchedulerFeature": AdaptiveSchedulerFeature.RESCALES,
}


def every_module() -> Iterator[Any]:
    for module in pkgutil.walk_packages(flinkmock.__path__, "flinkmock."):
        if not module.name.endswith("__main__"):
            yield importlib.import_module(module.name)


def every_error() -> list[type[FlinkMockError]]:
    return sorted(
        {
            value
            for module in every_module()
            for value in vars(module).values()
            if inspect.isclass(value) and issubclass(value, FlinkMockError)
        },
        key=lambda error: error.__name__,
    )


def public_docstrings() -> Iterator[tuple[str, str]]:
    """Yield the name and the docstring of each public class, function, method and property."""
    for name in MODULES_WITH_PUBLIC_CLASSES:
        module = importlib.import_module(name)
        names = getattr(module, "__all__", None) or [
            attribute for attribute, value in vars(module).items() if inspect.isclass(value)
        ]
        for public_name in names:
            value = getattr(module, public_name)
            yield f"{name}.{public_name}", inspect.getdoc(value) or ""
            if inspect.isclass(value):
                for attribute, member in vars(value).items():
                    if not attribute.startswith("_"):
                        yield f"{name}.{public_name}.{attribute}", inspect.getdoc(member) or ""


PUBLIC_DOCSTRINGS = list(public_docstrings())


def documented_errors(docstring: str) -> Iterator[str]:
    """Yield the names of the errors in "Raises …" sentences and in the section "Raises:"."""
    for names in RAISES_SENTENCE.findall(docstring):
        yield from re.split(r", | or | and ", names)
    for section in RAISES_SECTION.findall(docstring):
        yield from RAISES_ENTRY.findall(section)


def cluster_error(error_class: type[ClusterError]) -> ClusterError:
    """Return an error of this class with some values in its fields."""
    if not dataclasses.is_dataclass(error_class):
        return error_class()
    fields = dataclasses.fields(error_class)
    return error_class(*(VALUES_BY_TYPE[str(field.type).partition(" |")[0]] for field in fields))


@pytest.mark.parametrize("error", every_error(), ids=lambda error: error.__name__)
def test_each_error_is_exported_documented_and_hashable(error: type[FlinkMockError]) -> None:
    assert getattr(flinkmock, error.__name__, None) is error
    assert inspect.getdoc(error) and not (error.__doc__ or "").startswith(f"{error.__name__}(")
    assert error.__hash__ is BaseException.__hash__


def test_public_functions_document_errors() -> None:
    assert len([name for _, docstring in PUBLIC_DOCSTRINGS for name in documented_errors(docstring)]) > 30


def test_each_documented_error_is_a_flinkmock_error() -> None:
    for name, docstring in PUBLIC_DOCSTRINGS:
        for error in documented_errors(docstring):
            assert issubclass(getattr(flinkmock, error), FlinkMockError), f"{name} raises {error}"


def raised_cluster_errors() -> list[type[ClusterError]]:
    """Return the subclasses of ClusterError, except the one that is only a base of others."""
    classes = [value for value in vars(cluster_errors).values() if inspect.isclass(value)]
    bases = (ClusterError, cluster_errors.FileNotFound)
    return [value for value in classes if issubclass(value, ClusterError) and value not in bases]


@pytest.mark.parametrize("error_class", raised_cluster_errors(), ids=lambda error_class: error_class.__name__)
def test_each_error_of_the_cluster_has_a_message_and_survives_pickle(error_class: type[ClusterError]) -> None:
    error = cluster_error(error_class)
    assert str(error)
    assert {error: 1}[error] == 1
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is error_class and str(copy) == str(error)


@pytest.mark.parametrize(
    "error",
    [
        UnknownRelease("2.4", ["2.3"]),
        ScenarioError(["a.yaml:1:1: no"]),
        PortTaken("localhost", 8081),
        NotFound("There are no jobs."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_other_errors_survive_pickle(error: FlinkMockError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)
