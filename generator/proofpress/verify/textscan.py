"""All text files of a pack as one, with the lines that text rules look at more closely."""

from collections.abc import Mapping
from functools import cached_property

from proofpress.ingest.hints import BINARY, lines_at, places_of, unescaped
from proofpress.ingest.raw import RawPack

Line = tuple[str, int, str]
"""Path, line number from 1, and the line."""


class TextScan:
    """The text files of a pack: those that are held, joined and searched once, and what was kept of the others."""

    def __init__(self, raw: RawPack) -> None:
        held = [
            (path, unescaped(path, file.data))
            for path, file in raw.files.items()
            if file.data is not None and not path.endswith(BINARY)
        ]
        self._passed = [(path, file.hints) for path, file in raw.files.items() if file.hints]
        self._paths = [path for path, _data in held]
        self._starts = [0]
        for _path, data in held:
            self._starts.append(self._starts[-1] + len(data) + 1)
        self._blob = b"\n".join(data for _path, data in held)

    @cached_property
    def _places(self) -> Mapping[str, list[int]]:
        return places_of(self._blob)

    def lines(self, kind: str) -> tuple[Line, ...]:
        """Every line that holds a hint of a kind, in order."""
        found = [
            (self._paths[file], number, line)
            for file, number, line in lines_at(self._blob, self._places.get(kind, ()), self._starts)
        ]
        passed = [(path, *line) for path, hints in self._passed for line in hints.get(kind, ())]
        return tuple(sorted((*found, *passed)) if passed else found)
