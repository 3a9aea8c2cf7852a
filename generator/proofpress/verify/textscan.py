"""All text files of a pack searched at once for the words that text rules look at more closely.

One automaton finds every hint of every rule in a single pass; a rule then judges only the lines that hold one.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache, cached_property

from ahocorasick_rs import BytesAhoCorasick

from proofpress.ingest.raw import RawPack

HINTS: Mapping[str, tuple[bytes, ...]] = {
    "path": (
        *(b"/home/", b"/users/", b"/root/", b"/tmp/", b"/var/", b"/private/", b"/mnt/", b"/media/", b"/srv/", b"/opt/"),
        *(b"/scratch/", b"/workspace/", b"/work/", b"/builds/", b":\\", b"~", b"file:/"),
    ),
    "token": (
        *(b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_", b"glpat-", b"hf_", b"akia", b"asia", b"sk-"),
        *(b"xox", b"aiza", b"npm_", b"pypi-", b"eyj", b"private key", b"://"),
    ),
    "address": (b"@",),
    "host": (b".local", b".internal", b".corp", b".lan", b".intranet", b"localhost"),
    "placeholder": (
        *(b"todo", b"tbd", b"tba", b"fixme", b"xxx", b"lorem", b"to be ", b"coming soon", b"fill me", b"fill in"),
        *(b"fill this", b"insert text", b"insert name", b"insert value", b"insert desc", b"placeholder"),
        *(b"your name", b"your text", b"your desc", b"changeme", b"???", b"<your", b"<insert", b"<todo"),
    ),
}
"""Words in lower case by the kind of trouble that they may be part of; letter case is the rules' business."""
BINARY = (".npz", ".npy", ".joblib", ".pkl", ".bin", ".safetensors", ".onnx", ".pt", ".parquet", ".zip", ".gz")
_FLAT = tuple((kind, hint) for kind, hints in HINTS.items() for hint in hints)

Line = tuple[str, int, str]
"""Path, line number from 1, and the line."""


@cache
def _automaton() -> BytesAhoCorasick:
    return BytesAhoCorasick([hint for _kind, hint in _FLAT])


def _unescaped(path: str, data: bytes) -> bytes:
    """JSON that hides ASCII characters behind escapes is read as what it says."""
    if not path.endswith((".json", ".jsonl")) or (b"\\u00" not in data and b"\\/" not in data):
        return data
    shown = re.sub(rb"\\u00([2-7][0-9a-fA-F])", lambda match: bytes([int(match[1], 16)]), data)
    return shown.replace(b"\\/", b"/")


class TextScan:
    """The held text files of a pack, joined, with the places of all hints."""

    def __init__(self, raw: RawPack) -> None:
        held = [
            (path, _unescaped(path, file.data))
            for path, file in raw.files.items()
            if file.data is not None and not path.endswith(BINARY)
        ]
        self._paths = [path for path, _data in held]
        self._starts = [0]
        for _path, data in held:
            self._starts.append(self._starts[-1] + len(data) + 1)
        self._blob = b"\n".join(data for _path, data in held)

    @cached_property
    def _places(self) -> Mapping[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for hint, start, _end in _automaton().find_matches_as_indexes(self._blob.lower(), overlapping=True):
            found[_FLAT[hint][0]].append(start)
        return found

    def lines(self, kind: str) -> tuple[Line, ...]:
        """Every line that holds a hint of a kind, in order."""
        return self._lines(self._places.get(kind, ()))

    def matching(self, pattern: re.Pattern[bytes]) -> tuple[Line, ...]:
        """Every line in which a pattern of bytes matches, in order."""
        return self._lines(match.start() for match in pattern.finditer(self._blob))

    def _lines(self, places: Iterable[int]) -> tuple[Line, ...]:
        blob = self._blob
        found = []
        file, number, counted = -1, 1, 0
        for begin in sorted({blob.rfind(b"\n", 0, place) + 1 for place in places}):
            index = bisect_right(self._starts, begin) - 1
            if index != file:
                file, number, counted = index, 1, self._starts[index]
            number += blob.count(b"\n", counted, begin)
            counted = begin
            end = blob.find(b"\n", begin)
            line = blob[begin : end if end >= 0 else len(blob)]
            found.append((self._paths[index], number, line.decode("utf-8", "replace")))
        return tuple(found)
