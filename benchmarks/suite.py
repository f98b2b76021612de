"""Measures a test suite whose tests send one request each: `python benchmarks/suite.py [TESTS]`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

TEST_MODULE = """
import urllib.request
import pytest

@pytest.mark.parametrize("number", range({test_count}))
def test_overview(flinkmock, number):
    with urllib.request.urlopen(flinkmock.url + "/overview") as response:
        assert response.status == 200
"""


def main() -> None:
    test_count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pytest.ini").write_text("[pytest]\n")
        Path(folder, "test_suite.py").write_text(TEST_MODULE.format(test_count=test_count))
        start = time.perf_counter()
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        completed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - start
    print(completed.stdout.splitlines()[-1])
    print(f"{test_count} tests with one request each: {seconds:.1f} s, including the start of pytest")
    sys.exit(completed.returncode)


if __name__ == "__main__":
    main()
