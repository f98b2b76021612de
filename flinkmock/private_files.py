"""The private folder of this process for temporary files: uploads, jars, certificates.

Each process has one folder inside the system's folder for temporary files. Only its user can read it. The process holds
a lock on a file in it, and removes the folder when it exits. If a process is killed, the next process finds the lock
free and removes the folder.
"""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

try:
    import fcntl
except ImportError:  # Windows, where leftovers are not removed
    fcntl = None  # type: ignore[assignment]

PREFIX = "flinkmock-process-"
_LOCK_FILE = "lock"


class _PrivateFolder(NamedTuple):
    path: Path
    process_id: int
    """The process that removes the folder when it exits; a fork of it does not."""


_PRIVATE_FOLDERS: dict[str, _PrivateFolder] = {}
"""Folder for temporary files -> the private folder in it."""


def new_path(kind: str) -> Path:
    """Return a path for a folder in the private folder. `make` creates the folder."""
    return _private_folder() / f"{kind}-{_random_name()}"


def make(folder: Path) -> Path:
    """Create a folder with a path from `new_path`, and return it. Raises OSError."""
    if not folder.parent.exists():
        _create_and_lock(folder.parent)
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
    """Remove a folder if no process holds its lock. Raises OSError, for example if another user owns it."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        return
    lock = os.open(folder / _LOCK_FILE, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _private_folder() -> Path:
    """Return the path of the private folder. It exists after `make` was called."""
    parent = tempfile.gettempdir()
    if parent not in _PRIVATE_FOLDERS:
        _PRIVATE_FOLDERS[parent] = _PrivateFolder(Path(parent, f"{PREFIX}{_random_name()}"), os.getpid())
    return _PRIVATE_FOLDERS[parent].path


def _create_and_lock(folder: Path) -> None:
    """Create the private folder and hold its lock until the process ends. Raises OSError."""
    remove_leftovers()
    while True:
        folder.mkdir(mode=0o700)
        lock = os.open(folder / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        if fcntl is None:
            os.close(lock)
            return
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink:  # otherwise another process has removed it as a leftover
            return  # the file stays open, so that the lock is held
        os.close(lock)


def _random_name() -> str:
    return os.urandom(16).hex()


@atexit.register
def _remove_own_folders() -> None:
    for folder in _PRIVATE_FOLDERS.values():
        if folder.process_id == os.getpid():
            shutil.rmtree(folder.path, ignore_errors=True)
