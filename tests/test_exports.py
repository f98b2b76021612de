"""The list of public names is complete and sorted, and importing flinkmock does not import slow modules."""

import inspect
import json
import subprocess
import sys
from importlib import import_module

import pytest

import flinkmock

PUBLIC_MODULES = ("flinkmock", "flinkmock.faults", "flinkmock.journal", "flinkmock.strategies")
"""The modules from which users import names. All other modules may change without notice."""
SLOW_MODULES = {"aiohttp", "asyncio", "faker", "hypothesis", "jsonschema", "yaml"}


def test_the_list_of_public_names_is_sorted() -> None:
    assert flinkmock.__all__ == sorted(flinkmock.__all__)


def test_the_list_of_public_names_is_complete() -> None:
    assert set(flinkmock.__all__) == {*flinkmock._MODULES, "__version__"}
    assert dir(flinkmock) == flinkmock.__all__


@pytest.mark.parametrize("name", flinkmock.__all__)
def test_each_public_name_can_be_imported(name: str) -> None:
    value = getattr(flinkmock, name)
    assert name == "__version__" or value.__name__ == name


@pytest.mark.parametrize("name", PUBLIC_MODULES)
def test_each_public_module_lists_existing_names_once_and_documents_them(name: str) -> None:
    module = import_module(name)
    assert module.__doc__
    assert len(set(module.__all__)) == len(module.__all__)
    for exported in module.__all__:
        value = getattr(module, exported)
        if inspect.isclass(value) or inspect.isroutine(value):
            # the default docstring of a dataclass is its signature
            assert (inspect.getdoc(value) or "").strip() and not value.__doc__.startswith(f"{exported}("), exported


def test_reading_an_unknown_name_raises_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'FlinkMok'"):
        flinkmock.FlinkMok  # noqa: B018  reading the attribute is the test


def test_importing_strategies_without_hypothesis_reports_the_extra_to_install() -> None:
    code = "import sys; sys.modules['hypothesis'] = None; import flinkmock.strategies"
    completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "needs hypothesis: pip install 'flinkmock[fuzz]'" in completed.stderr


@pytest.mark.parametrize("module", ["flinkmock", "flinkmock.testing.plugin", "flinkmock.testing.mock", "flinkmock.cli"])
def test_importing_flinkmock_does_not_import_slow_modules(module: str) -> None:
    # in a new process, because this one has imported asyncio
    code = f"import sys, json, {module}; print(json.dumps(sorted(name.partition('.')[0] for name in sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not SLOW_MODULES & set(json.loads(loaded))
