"""Words that text rules look at more closely, found in a text by one automaton in a single pass.

A rule then judges only the lines that hold a hint. Files that are held are searched when a rule asks; of a file that
is only streamed, the lines with hints are kept when they pass.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from ahocorasick_rs import BytesAhoCorasick

from proofpress.ingest.strict import StrictError

_BEFORE_A_DRIVE = (b" ", b"\n", b"\t", b'"', b"'", b"=", b"(", b"[", b",", b">", b"`")
"""What stands before the letter of a drive; a letter alone would hint at every web address."""
HINTS: Mapping[str, tuple[bytes, ...]] = {
    "path": (
        *(b"/home/", b"/users/", b"/root/", b"/tmp/", b"/var/", b"/private/", b"/mnt/", b"/media/", b"/srv/", b"/opt/"),
        *(b"/scratch/", b"/workspace/", b"/work/", b"/builds/", b":\\", b"~", b"file:/", b"%2f", b"\\\\"),
        *(b"/data/", b"/gpfs/", b"/lustre/", b"/cluster/", b"/kaggle/", b"/content/drive/", b"/workspaces/", b"/__w/"),
        *(before + bytes([drive]) + b":/" for before in _BEFORE_A_DRIVE for drive in b"abcdefghijklmnopqrstuvwxyz"),
    ),
    "token": (
        *(b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_", b"glpat-", b"hf_", b"akia", b"asia", b"sk-"),
        *(b"xox", b"aiza", b"npm_", b"pypi-", b"eyj", b"private key", b"://"),
        *(b"bearer ", b"aws_secret", b"aws_session"),
    ),
    "address": (b"@",),
    "host": (b".local", b".internal", b".corp", b".lan", b".intranet", b"localhost"),
    "placeholder": (
        *(b"todo", b"tbd", b"tba", b"t.b.", b"t. b", b"fixme", b"xxx", b"lorem", b"to be ", b"coming soon"),
        *(b"fill me", b"fill in", b"fill this", b"insert text", b"insert name", b"insert value", b"insert desc"),
        b"placeholder",
        *(b"your name", b"your text", b"your desc", b"changeme", b"???", b"<your", b"<insert", b"<todo"),
    ),
}
"""Words in lower case by the kind of trouble that they may be part of; letter case is the rules' business."""
_JSON_ESCAPE = re.compile(rb"\\u00([2-7][0-9a-fA-F])")
_YAML_ESCAPE = re.compile(rb"\\(?:x|u00|U000000)([2-7][0-9a-fA-F])")
_FOUR_PARTS = re.compile(rb"\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\d)")
"""The end of a network address, which hints at a host."""
BINARY = (".npz", ".npy", ".joblib", ".pkl", ".bin", ".safetensors", ".onnx", ".pt", ".parquet", ".zip", ".gz")
_SNIFFED = 8192
MAX_KEPT_BYTES = 8 * 1024 * 1024
_FLAT = tuple((kind, hint) for kind, hints in HINTS.items() for hint in hints)

HintLines = Mapping[str, Sequence[tuple[int, str]]]
"""By kind: number from 1, and text, of every line that holds a hint."""


@cache
def _automaton() -> BytesAhoCorasick:
    return BytesAhoCorasick([hint for _kind, hint in _FLAT])


def unescaped(path: str, data: bytes) -> bytes:
    """JSON or YAML that hides ASCII characters behind escapes, as what it says."""
    if not path.endswith((".json", ".jsonl", ".yaml", ".yml")) or b"\\" not in data:
        return data
    escape = _JSON_ESCAPE if path.endswith((".json", ".jsonl")) else _YAML_ESCAPE
    return escape.sub(lambda match: bytes([int(match[1], 16)]), data).replace(b"\\/", b"/")


def places_of(text: bytes) -> Mapping[str, list[int]]:
    """Where hints end in a text, by kind; one that begins with a line feed belongs to the line after it."""
    found: dict[str, list[int]] = defaultdict(list)
    for hint, _start, end in _automaton().find_matches_as_indexes(text.lower(), overlapping=True):
        found[_FLAT[hint][0]].append(end - 1)
    for match in _FOUR_PARTS.finditer(text):
        found["host"].append(match.start())
    return found


def _lines_at(text: bytes, places: Iterable[int], before: int = 0) -> Iterator[tuple[int, str]]:
    """Number and text of the lines that hold some places of a text that begins with a line feed.

    `before` is the number of the line before it.
    """
    number, counted = before, 0
    for begin in sorted({text.rfind(b"\n", 0, place) + 1 for place in places}):
        number += text.count(b"\n", counted, begin)
        counted = begin
        end = text.find(b"\n", begin)
        yield number, text[begin : end if end >= 0 else len(text)].decode("utf-8", "replace")


def hint_lines(path: str, data: bytes) -> HintLines:
    """The lines with hints of a text file in memory."""
    shown = b"\n" + unescaped(path, data)
    return {kind: tuple(_lines_at(shown, places)) for kind, places in places_of(shown).items()}


class PassingText:
    """Keeps the lines with hints of a text file that is read in pieces and not held.

    A file whose beginning holds a zero byte is no text, and nothing of it is kept.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._binary: bool | None = None
        self._rest = b""
        self._line = 0
        self._kept = 0
        self.lines: dict[str, list[tuple[int, str]]] = defaultdict(list)

    def feed(self, piece: bytes) -> None:
        """Take the next piece. Raises `StrictError` when the lines with hints are too many to be looked at."""
        if self._binary is None:
            self._binary = b"\0" in piece[:_SNIFFED]
        if self._binary:
            return
        whole, found, self._rest = (self._rest + piece).rpartition(b"\n")
        if found:
            self._search(whole)
            self._line += whole.count(b"\n") + 1
        elif len(self._rest) > MAX_KEPT_BYTES:
            raise StrictError("a line is longer than 8 MiB", rule="ING005")

    def end(self) -> HintLines:
        """Search the last line too; everything that was kept."""
        self._search(self._rest)
        return self.lines

    def _search(self, text: bytes) -> None:
        shown = b"\n" + unescaped(self._path, text)
        for kind, places in places_of(shown).items():
            for number, line in _lines_at(shown, places, self._line):
                self._kept += len(line)
                if self._kept > MAX_KEPT_BYTES:
                    raise StrictError("too many lines may hold private or unfinished text", rule="ING005")
                self.lines[kind].append((number, line))
