"""Find the files of a history below a folder, without holding more than one folder's list at once."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from packaging.version import InvalidVersion, Version

from proofpress.exchange.foreign import Item


def files_below(source: Path, accepts: Callable[[str], bool]) -> Iterator[Path]:
    """Regular files below a folder whose names are accepted, folder by folder, sorted; a file stands for itself."""
    if source.is_file():
        yield source
        return
    for place, folders, names in os.walk(source):
        folders.sort()
        for name in sorted(filter(accepts, names)):
            path = Path(place) / name
            if path.is_file() and not path.is_symlink():
                yield path


def files_named(source: Path, name: str) -> Iterator[Path]:
    """Files of one name below a folder."""
    return files_below(source, lambda found: found == name)


def place_of(path: Path, source: Path) -> str:
    """A path as a refusal names it: below what was imported."""
    return path.relative_to(source).as_posix() if path != source and path.is_relative_to(source) else path.name


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A key that orders texts by the numbers in them."""
    parts = re.split(r"(\d+)", text)
    return tuple((1, int(part), "") if index % 2 else (0, 0, part) for index, part in enumerate(parts))


def version_key(text: str) -> tuple[int, Version, int, tuple[tuple[int, int, str], ...]]:
    """A key that orders versions as Python packages do, of equal ones the fuller first; others before them."""
    try:
        return 1, Version(text), -len(text), ()
    except InvalidVersion:
        return 0, Version("0"), 0, natural(text)


def in_version_order(paths: Iterable[Path], source: Path) -> Iterator[Item]:
    """One item for each file `<family>/<version>/<file>`, a family's together and by version."""
    families: dict[Path, list[Path]] = {}
    for path in paths:
        families.setdefault(path.parent.parent, []).append(path)
    for family, found in families.items():
        for path in sorted(found, key=lambda each: version_key(each.parent.name)):
            yield Item(name=place_of(path, source), family=str(family), files=(path,))
