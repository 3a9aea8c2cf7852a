"""Looking at a site's tree on disk: its folders and files, and the digest of one file."""

import os
from collections.abc import Generator
from hashlib import sha256
from pathlib import Path
from stat import S_IMODE, S_ISREG
from typing import Final

FILE_MODE: Final = 0o644
FOLDER_MODE: Final = 0o755
CHUNK: Final = 1 << 20

_OPEN_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OPEN_FOLDER: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC


def digest_if_regular(path: str) -> tuple[os.stat_result, bytes] | None:
    """Stat and SHA-256 of a regular file with the published mode; `None` for anything else or nothing."""
    try:
        fd = os.open(path, _OPEN_READ)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        if Path(path).is_symlink():
            return None
        raise
    try:
        found = os.fstat(fd)
        if not S_ISREG(found.st_mode) or S_IMODE(found.st_mode) != FILE_MODE:
            return None
        digest = sha256()
        while chunk := os.read(fd, CHUNK):
            digest.update(chunk)
        return found, digest.digest()
    finally:
        os.close(fd)


def walk(root: str) -> Generator[tuple[str, list[os.DirEntry[str]], bool], None, None]:
    """Each folder of a tree, in the order of paths: (`"a/b/"`, its entries but folders, whether it is empty).

    Symbolic links are entries, never followed; an unreadable folder raises.
    """
    pending = [""]
    while pending:
        folder = pending.pop()
        fd = os.open(root + folder, _OPEN_FOLDER)
        try:
            files: list[os.DirEntry[str]] = []
            inner: list[str] = []
            with os.scandir(fd) as scan:
                for entry in scan:
                    if entry.is_dir(follow_symlinks=False):
                        inner.append(f"{folder}{entry.name}/")
                    else:
                        files.append(entry)
            inner.sort(reverse=True)
            pending += inner
            yield folder, files, not (files or inner)
        finally:
            os.close(fd)
