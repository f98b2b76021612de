"""How long a suite of tests takes that ask their cluster once: `python benchmarks/suite.py [TESTS]`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

SUITE = """
import urllib.request
import pytest

@pytest.mark.parametrize("number", range({tests}))
def test_it(flinkmock, number):
    with urllib.request.urlopen(flinkmock.url + "/overview") as answer:
        assert answer.status == 200
"""


def main() -> None:
    tests = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pytest.ini").write_text("[pytest]\n")
        Path(folder, "test_suite.py").write_text(SUITE.format(tests=tests))
        before = time.perf_counter()
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        took = time.perf_counter() - before
    print(ran.stdout.splitlines()[-1])
    print(f"{tests} tests with one request each: {took:.1f} s, the start of pytest included")
    sys.exit(ran.returncode)


if __name__ == "__main__":
    main()
