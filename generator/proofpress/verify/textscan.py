"""All text files of a pack as one, with the lines that text rules look at more closely."""

from functools import partial
from typing import Final

from proofpress.ingest.hints import BINARY, HintLines, hint_lines
from proofpress.ingest.raw import RawFile, RawPack
from proofpress.ingest.remembered import Remembered

Line = tuple[str, int, str]
"""Path, line number from 1, and the line."""
_SEARCHED: Final = Remembered[HintLines](1024)
_MOST_REMEMBERED_BYTES: Final = 128 * 1024


class TextScan:
    """The text files of a pack: those that are held, each searched once, and what was kept of the others."""

    def __init__(self, raw: RawPack) -> None:
        found = ((path, _hints(file)) for path, file in raw.files.items())
        self._found = [(path, hints) for path, hints in found if hints]

    def lines(self, kind: str) -> tuple[Line, ...]:
        """Every line that holds a hint of a kind, in order."""
        return tuple((path, *line) for path, hints in self._found for line in hints.get(kind, ()))


def _hints(file: RawFile) -> HintLines | None:
    if file.data is None or file.path.endswith(BINARY):
        return file.hints
    search = partial(hint_lines, file.path, file.data)
    if file.size > _MOST_REMEMBERED_BYTES:
        return search()
    form = file.path[file.path.rfind(".") :]  # the same bytes say something else in a file of another kind
    return _SEARCHED.get(f"{file.sha256} {form}", search)
