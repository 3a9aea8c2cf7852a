"""`load_pack`: one bounded pass over a source's bytes, then strict parsing into typed evidence."""

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from proofpress.evidence.base import Document
from proofpress.evidence.dvc import LOCK
from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import MANIFEST, DocumentKind, Evidence, Unread, documents_among, gathered, kind_at
from proofpress.evidence.values import path_trouble
from proofpress.ingest.hints import BINARY, PassingText
from proofpress.ingest.raw import Digests, RawFile, RawPack
from proofpress.ingest.recorded import read_recorded
from proofpress.ingest.rows import CHUNK, RowFacts, hashed_lines, held_facts, read_rows
from proofpress.ingest.schema import read_document
from proofpress.ingest.sources import READ_ERRORS, Entry, Source
from proofpress.ingest.strict import MAX_STRUCTURED_BYTES, PARSERS, StrictError, check_json, parse_json, parse_yaml

HELD_ARTIFACT_BYTES = 1024 * 1024
HELD_PACK_BYTES = 256 * 1024 * 1024
MAX_ARTIFACT_BYTES = 256 * 1024**3
_STRUCTURED = (".json", ".yaml", ".yml", ".md", ".txt", ".toml", ".lock", ".csv")
_CORE = {"manifest": MANIFEST, "release": "release.json"}
_FORMS = {".json": "JSON", ".jsonl": "JSON Lines", ".yaml": "YAML", ".yml": "YAML"}
_HINTS = {
    "ING005": "move bulk data to a file of its own",
    "ING007": "write the file again with a strict JSON or YAML writer",
    "ING008": "remove one of the two; the reader can't know which one is meant",
    "ING009": "write null and say in 'absent' why there is no value",
    "ING010": "sort the rows by key; each key stands once",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPack:
    """A pack as read: its bytes, its typed evidence (None when it can't be told), and what was wrong.

    `values` are the parsed documents and YAML files by path; `broken` the files that could not be used. `remains` is
    what can be judged of a pack without evidence: all that was read but manifest or release.
    """

    raw: RawPack
    evidence: Evidence | None
    findings: tuple[Finding, ...]
    broken: frozenset[str] = frozenset()
    values: Mapping[str, Any] = field(default_factory=dict)
    remains: Evidence | None = None


def load_pack(source: Source, *, hashing: Executor | None = None) -> LoadedPack:
    """Read a pack once. Bad evidence becomes findings; `IngestError` means that nothing could be read.

    `hashing` is an executor (threads) in which artifacts above 1 MiB are hashed side by side.
    """
    with source:
        files: dict[str, RawFile] = {}
        findings, wanted = _wanted(source, files)
        locked = any(entry.path == LOCK for entry in wanted)
        pending: list[tuple[str, Future[RawFile]]] = []
        for entry in wanted:
            try:
                if _is_held(entry):
                    files[entry.path] = _read(source, entry)
                elif hashing is None:
                    files[entry.path] = _stream(source.open(entry.path), entry, locked)
                else:
                    stream = source.open(entry.path)
                    pending.append((entry.path, hashing.submit(_stream, stream, entry, locked)))
            except (*READ_ERRORS, StrictError) as exc:
                findings.append(_unreadable(entry.path, exc))
        for path, future in pending:
            try:
                files[path] = future.result()
            except (*READ_ERRORS, StrictError) as exc:
                findings.append(_unreadable(path, exc))
        raw = RawPack(
            label=source.label,
            origin=source.origin,
            files=dict(sorted(files.items())),
            findings=tuple(findings),
        )
    return interpret(raw)


def content_of(files: Iterable[tuple[str, int, str]]) -> str:
    """Digest of a pack's content: path, size and sha256 of every file, in order of the paths."""
    digest = hashlib.sha256()
    for path, size, sha256 in sorted(files):
        digest.update(f"{path}\0{size}\0{sha256}\n".encode())
    return digest.hexdigest()


def digest_pack(source: Source) -> tuple[str, Mapping[str, bytes]]:
    """`content_of` a pack, read in pieces and judged by nobody, and the bytes of its manifest and `release.json`.

    For a pack with files that `load_pack` does not read, it is another digest that changes with what is wrong.
    """
    seen: list[tuple[str, int, str]] = []
    heads: dict[str, bytes] = {}
    with source:
        files: dict[str, RawFile] = {}
        findings, wanted = _wanted(source, files)
        if (manifest := files.get(MANIFEST)) is not None:
            seen.append((MANIFEST, manifest.size, manifest.sha256))
            heads[MANIFEST] = manifest.data or b""
        for entry in wanted:
            digest, kept = hashlib.sha256(), []
            try:
                with source.open(entry.path) as stream:
                    while piece := stream.read(CHUNK):
                        digest.update(piece)
                        if entry.path == "release.json":
                            kept.append(piece)
            except READ_ERRORS as exc:
                findings.append(_unreadable(entry.path, exc))
                continue
            seen.append((entry.path, entry.size, digest.hexdigest()))
            if kept:
                heads[entry.path] = b"".join(kept)
    trouble = [(f"{finding.rule} {finding.file} {finding.found}", 0, "") for finding in findings]
    return content_of([*seen, *trouble]), heads


def _wanted(source: Source, files: dict[str, RawFile]) -> tuple[list[Finding], list[Entry]]:
    """What is wrong with the source's entries, and those to be read; the manifest, which says so, is read already."""
    findings, regular = _sift(source.entries())
    sizes = _declared_sizes(source, regular, files, findings)
    wanted: list[Entry] = []
    held = 0
    for entry in regular.values():
        if entry.path in files:
            continue
        if trouble := _too_large(entry, sizes.get(entry.path)) or _too_much(entry, held):
            findings.append(trouble)
            continue
        held += entry.size if _is_held(entry) else 0
        wanted.append(entry)
    return findings, wanted


def _is_held(entry: Entry) -> bool:
    return entry.size <= HELD_ARTIFACT_BYTES or _is_structured(entry.path)


def interpret(raw: RawPack) -> LoadedPack:
    """Parse the bytes that were read into typed evidence."""
    findings = list(raw.findings)
    values: dict[str, Any] = {}
    for path, file in raw.files.items():
        parser = parse_yaml if path == LOCK else PARSERS.get(path[path.rfind(".") :])
        if file.data is None or (parser is None and not _is_structured(path)):
            continue
        try:
            if parser is None:
                file.data.decode("utf-8")
                continue
            if parser is parse_json and kind_at(path) is None:
                check_json(file.data)
            else:
                values[path] = parser(file.data)
        except UnicodeDecodeError as exc:
            findings.append(_unreadable(path, StrictError(f"a text that is not UTF-8, at byte {exc.start}")))
        except StrictError as exc:
            findings.append(_unreadable(path, exc))
    read: list[tuple[DocumentKind, Document]] = []
    for kind in documents_among(values):
        document, trouble = read_document(kind, values[kind.path])
        findings.extend(trouble)
        if document is not None:
            read.append((kind, document))
    documents = gathered(read)
    recorded, trouble = read_recorded(values)
    findings.extend(trouble)
    lacking: dict[str, Any] = {name: Unread(path) for name, path in _CORE.items() if name not in documents}
    pack_id = "sha256:" + raw.files[MANIFEST].sha256 if "manifest" in documents else ""
    found = Evidence(pack_id=pack_id, **recorded, **documents, **lacking)
    findings.extend(_missing_core(raw.files, documents))
    return LoadedPack(
        raw=raw,
        evidence=None if lacking else found,
        remains=found if lacking else None,
        findings=tuple(replace(finding, pack=raw.label) for finding in findings),
        broken=frozenset(finding.file for finding in findings if finding.severity == "error"),
        values=values,
    )


def _missing_core(files: Mapping[str, RawFile], documents: Mapping[str, Any]) -> Iterable[Finding]:
    for name, path in _CORE.items():
        if name not in documents and path not in files:
            yield Finding(
                rule="SCH005",
                file=path,
                message=f"the pack has no {path}, so nothing says what it is",
                expected=path,
                found="no such file",
                hint="run 'proofpress pack release' on the folder",
            )


def _sift(entries: tuple[Entry, ...]) -> tuple[list[Finding], dict[str, Entry]]:
    """Tell the regular files with a proper path from everything else."""
    findings: list[Finding] = []
    regular: dict[str, Entry] = {}
    folded: dict[str, str] = {}
    for entry in entries:
        shown = entry.path.encode("ascii", "backslashreplace").decode("ascii")
        if entry.kind != "file":
            findings.append(
                Finding(
                    rule="ING003" if entry.kind == "hard link" else "ING002",
                    file=shown,
                    message=f"{shown} is a {entry.kind}, not a regular file of its own",
                    expected="a regular file with one link",
                    found=entry.kind,
                    hint="replace it by a plain copy of the file that was meant, or remove it",
                )
            )
            continue
        if trouble := path_trouble(entry.path):
            findings.append(
                Finding(
                    rule="ING001",
                    file=shown,
                    message=f"the path {trouble}",
                    expected="a relative POSIX path of printable ASCII without '.' and '..'",
                    found=shown,
                    hint="rename the file",
                )
            )
            continue
        same = unicodedata.normalize("NFKC", entry.path).casefold()
        if same in folded:
            findings.append(
                Finding(
                    rule="ING004",
                    file=entry.path,
                    message=f"the path equals {folded[same]} on systems that ignore case",
                    expected="paths that stay different after case folding",
                    found=f"{folded[same]} and {entry.path}",
                    hint="rename one of them",
                )
            )
            continue
        folded[same] = entry.path
        regular[entry.path] = entry
    return findings, regular


def _is_structured(path: str) -> bool:
    return path.endswith(_STRUCTURED) or "." not in path.rpartition("/")[2]


def _declared_sizes(
    source: Source, regular: Mapping[str, Entry], files: dict[str, RawFile], findings: list[Finding]
) -> dict[str, int]:
    """Sizes that the manifest states, so that a huge or sparse impostor is never read."""
    entry = regular.get(MANIFEST)
    if entry is None or entry.size > MAX_STRUCTURED_BYTES:
        return {}
    try:
        files[MANIFEST] = _read(source, entry)
        listed = json.loads(files[MANIFEST].data or b"{}")["files"]
        return {item["path"]: item["size"] for item in listed if isinstance(item["size"], int)}
    except READ_ERRORS as exc:
        findings.append(_unreadable(MANIFEST, exc))
    except (ValueError, KeyError, TypeError, RecursionError):
        pass  # interpret() says what is wrong with the manifest
    return {}


def _too_large(entry: Entry, expected: int | None) -> Finding | None:
    if _is_structured(entry.path):
        if entry.size > MAX_STRUCTURED_BYTES:
            return Finding(
                rule="ING005",
                file=entry.path,
                message="a structured file is larger than 16 MiB; it was not read",
                expected=f"at most {MAX_STRUCTURED_BYTES} bytes",
                found=f"{entry.size} bytes",
                hint="move bulk data to JSON Lines or to an artifact",
            )
    elif entry.size > MAX_ARTIFACT_BYTES:
        return Finding(
            rule="ING005",
            file=entry.path,
            message="an artifact is larger than 256 GiB; it was not read",
            expected=f"at most {MAX_ARTIFACT_BYTES} bytes",
            found=f"{entry.size} bytes",
            hint="list it as an external artifact of the manifest",
        )
    elif entry.size > HELD_ARTIFACT_BYTES and entry.size != expected:
        listed = "is not listed in the manifest" if expected is None else "has another size than the manifest says"
        return Finding(
            rule="ING005",
            file=entry.path,
            message=f"a large artifact {listed}; it was not read",
            expected="no such file" if expected is None else f"{expected} bytes",
            found=f"{entry.size} bytes",
            hint="restore the artifact that the manifest names, or assemble the pack again",
        )
    return None


def _too_much(entry: Entry, held: int) -> Finding | None:
    if held + entry.size <= HELD_PACK_BYTES or not _is_held(entry):
        return None
    return Finding(
        rule="ING005",
        file=entry.path,
        message="the pack's small files add up to more than 256 MiB; this one was not read",
        expected=f"at most {HELD_PACK_BYTES} bytes of structured files in one pack",
        found=f"{held + entry.size} bytes",
        hint="move bulk data to a few large artifacts",
    )


def _read(source: Source, entry: Entry) -> RawFile:
    with source.open(entry.path) as stream:
        data = _read_bounded(stream, entry.size)
    sha256 = hashlib.sha256(data).hexdigest()
    rows = held_facts(data, sha256) if entry.path.endswith(".jsonl") else None
    return RawFile(path=entry.path, size=len(data), sha256=sha256, data=data, rows=rows)


def _read_bounded(stream: BinaryIO, size: int) -> bytes:
    """Read exactly the size that was seen; a file that grew or shrank meanwhile is not evidence."""
    parts: list[bytes] = []
    left = size + 1
    while left and (part := stream.read(left)):
        parts.append(part)
        left -= len(part)
    if left != 1:
        raise OSError("its size changed while it was read")
    return b"".join(parts)


def _stream(stream: BinaryIO, entry: Entry, locked: bool) -> RawFile:
    """Hash an artifact without holding it; of a text, keep the lines with hints."""
    digests = Digests(md5=locked)
    rows: RowFacts | None = None
    passing = None if entry.path.endswith(BINARY) else PassingText(entry.path)
    with stream:
        if passing is not None and entry.path.endswith(".jsonl"):
            rows = read_rows(hashed_lines(stream, (digests.update, passing.feed), entry.size))
            size = entry.size
        else:
            buffer = bytearray(CHUNK)
            view = memoryview(buffer)
            size = 0
            readinto = getattr(stream, "readinto", None)
            while count := (readinto(buffer) if readinto else 0):
                digests.update(view[:count])
                if passing is not None:
                    passing.feed(bytes(view[:count]))
                size += count
                if size > entry.size:
                    break
    if size != entry.size:
        raise OSError("its size changed while it was read")
    hints = passing.end() if passing is not None else None
    found = {"sha256": digests.sha256, "streamed_md5": digests.md5}
    return RawFile(path=entry.path, size=size, data=None, rows=rows, hints=hints, **found)


def _unreadable(path: str, exc: Exception) -> Finding:
    if isinstance(exc, StrictError):
        return Finding(
            rule=exc.rule,
            file=path,
            pointer=exc.pointer,
            message=str(exc),
            expected="strict UTF-8 " + _FORMS.get(path[path.rfind(".") :], "text"),
            found=exc.found or "text that readers may take differently",
            hint=_HINTS.get(exc.rule, ""),
        )
    problem = str(getattr(exc, "strerror", None) or exc)
    return Finding(
        rule="ING006",
        file=path,
        message=f"could not be read: {problem}",
        expected="a whole, readable file that does not change",
        found=problem,
        hint="check its permissions, or make the archive again",
    )
