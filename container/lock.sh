#!/usr/bin/env bash
# Writes requirements.txt: the versions and hashes of the packages that the image installs. Run it to update them.
# Usage: container/lock.sh [PYTHON]   (a Python interpreter with pip, of the same version as in the image)
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-python3}
version=$(sed -n 's/^ARG PYTHON=\([0-9.]*\).*/\1/p' container/Dockerfile)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" -c 'import tomllib; print("\n".join(tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"]))' >"$work/dependencies"
for platform in x86_64 aarch64; do
    "$python" -m pip download --quiet --disable-pip-version-check --dest "$work/$platform" --python-version "$version" \
        --only-binary=:all: --platform "manylinux2014_$platform" --platform "manylinux_2_17_$platform" \
        --platform "manylinux_2_28_$platform" -r "$work/dependencies"
done
{
    echo "# written by container/lock.sh; do not edit"
    "$python" - "$work" <<'PYTHON'
import hashlib, pathlib, sys

hashes = {}
for file in sorted(pathlib.Path(sys.argv[1]).glob("*/*.whl")):
    name, version, *_ = file.name.split("-")
    requirement = f"{name.lower().replace('_', '-')}=={version}"
    hashes.setdefault(requirement, set()).add(hashlib.sha256(file.read_bytes()).hexdigest())
for requirement, digests in sorted(hashes.items()):
    print(" \\\n    ".join([requirement, *(f"--hash=sha256:{digest}" for digest in sorted(digests))]))
PYTHON
} >container/requirements.txt
