"""The private folder of this process for temporary files: uploads, jars, certificates.

Each process has one folder in the folder for temporary files, which only its user can read. The process holds a lock on
a file in it. It removes the folder at its end; if it is killed, the next one does, which sees that the lock is free.
"""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: leftovers stay
    fcntl = None  # type: ignore[assignment]

PREFIX = "flinkmock-process-"
_LOCK = "lock"
_OWNED: dict[str, tuple[Path, int]] = {}
"""The folder of this process and its lock, by the folder for temporary files."""


def new_path(kind: str) -> Path:
    """Return a path for a folder in the private folder. `make` makes it."""
    return _private_folder() / f"{kind}-{_random_name()}"


def make(folder: Path) -> Path:
    """Make a folder whose path is from `new_path`, and return it. Raises OSError."""
    if not folder.parent.exists():
        _lock(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def remove_leftovers() -> None:
    """Remove the folders of processes that were killed."""
    if fcntl is None:
        return
    with suppress(OSError):
        for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            with suppress(OSError):
                _remove_leftover(folder)


def _remove_leftover(folder: Path) -> None:
    """Remove a folder if no process holds its lock. Raises OSError, also for one that another user owns."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        return
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _private_folder() -> Path:
    """Return the path of the private folder, which exists once `make` was called."""
    parent = tempfile.gettempdir()
    owned = _OWNED.get(parent)
    if owned is None:
        owned = _OWNED[parent] = Path(parent, f"{PREFIX}{_random_name()}"), os.getpid()
    return owned[0]


def _lock(folder: Path) -> None:
    """Make the private folder and hold its lock until the process ends. Raises OSError."""
    remove_leftovers()
    while True:
        folder.mkdir(mode=0o700)
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        if fcntl is None:
            os.close(lock)
            return
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink:  # another process may have taken it for a leftover in between
            return  # the lock stays open
        os.close(lock)


def _random_name() -> str:
    return os.urandom(16).hex()


@atexit.register
def _remove_own() -> None:
    for folder, process in _OWNED.values():
        if process == os.getpid():  # not in a fork
            shutil.rmtree(folder, ignore_errors=True)
