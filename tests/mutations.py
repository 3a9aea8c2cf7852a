"""Seeded mutations of packs: one byte, or one field of a JSON document, changed, deleted, added, doubled or swapped.

`raw` mutations change a file and nothing else, so that integrity must notice. `resealed` ones change a document and
then render the documents and write manifest and checksum files anew, so that only agreement, arithmetic and claims
can notice. All happens in memory, on the bytes that ingest read.
"""

import hashlib
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from complete_pack import CompletePack
from derived_pack import DerivedPack
from pack_builder import PackBuilder
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import CHECKSUMS, KINDS, MANIFEST, kind_at
from proofpress.evidence.roles import role_at, roles_of
from proofpress.evidence.values import Number
from proofpress.evidence.yamltext import dump_yaml
from proofpress.ingest import LoadedPack, RawFile, RawPack, interpret, load_pack, source_of
from proofpress.ingest.checksums import render_checksums
from proofpress.ingest.load import _unreadable
from proofpress.ingest.rows import lines_of, read_rows
from proofpress.ingest.strict import PARSERS, StrictError, parse_json, pointer_of
from proofpress.render.render import render_documents
from proofpress.render.sets import TemplateSet
from proofpress.verify import RULE_BOOK
from proofpress.verify.rules.integrity import SECTIONS

Step = str | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One change: of which file, at which place (JSON pointer or byte), what was done, and the file's new bytes."""

    file: str
    place: str
    what: str
    data: bytes

    def __str__(self) -> str:
        return f"{self.file}#{self.place}: {self.what}"

    @property
    def document(self) -> str:
        """The place of the file's kind of document, as the list of free fields names it."""
        return next((kind.path for kind in KINDS if kind.holds(self.file)), self.file)

    @property
    def field(self) -> str:
        """The place without indexes, as the list of free fields names it."""
        return "/".join("*" if part.isdigit() else part for part in self.place.split("/"))


# ── bytes ────────────────────────────────────────────────────────────────────────────────────────────


def byte_mutation(raw: RawPack, chance: random.Random) -> Mutation:
    """One byte of one file turned into another, taken out or put in."""
    file = chance.choice([file for file in raw.files.values() if file.data])
    data = file.data or b""
    at = chance.randrange(len(data))
    kind = chance.choice(("flip", "delete", "insert"))
    if kind == "flip":
        other = data[at] ^ (1 << chance.randrange(8))
        new, what = data[:at] + bytes([other]) + data[at + 1 :], f"{data[at]:#04x} became {other:#04x}"
    elif kind == "delete":
        new, what = data[:at] + data[at + 1 :], f"{data[at]:#04x} was taken out"
    else:
        other = chance.randrange(256)
        new, what = data[:at] + bytes([other]) + data[at:], f"{other:#04x} was put in"
    return Mutation(file=file.path, place=f"byte {at}", what=what, data=new)


# ── fields ───────────────────────────────────────────────────────────────────────────────────────────


@cache
def _places(path: str, data: bytes) -> tuple[tuple[tuple[Step, ...], Any], ...]:
    """Every value of a document with its path."""
    return tuple(_walk(_parsed(path, data), ()))


def _parsed(path: str, data: bytes) -> Any:
    return PARSERS[Path(path).suffix](data)


def _walk(value: Any, path: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], Any]]:
    yield path, value
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _walk(item, (*path, name))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index))


def _thawed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _thawed(item) for name, item in value.items()}
    return [_thawed(item) for item in value] if isinstance(value, tuple) else value


class _Twice(dict[str, Any]):
    """An object that writes its last key twice."""

    def items(self) -> Any:
        pairs = list(super().items())
        return [*pairs, pairs[-1]]


def field_mutation(path: str, data: bytes, chance: random.Random) -> Mutation | None:
    """One field of a JSON document changed; None when the draw changes nothing."""
    place, value = chance.choice(_places(path, data))
    document = _thawed(_parsed(path, data))
    *parents, last = place or ("",)
    holder = document
    for step in parents:
        holder = holder[step]
    what = _change(holder, last, value, place, chance)
    if what is None:
        return None
    pointer, words = what
    new = (dump_yaml if path.endswith(".yaml") else dump_json)(document).encode()
    return None if new == data else Mutation(file=path, place=pointer, what=words, data=new)


def _change(
    holder: Any, last: Step, value: Any, place: tuple[Step, ...], chance: random.Random
) -> tuple[str, str] | None:
    where = pointer_of(place)
    if isinstance(value, dict):
        inner = holder[last] if place else holder
        return _change_object(inner, where, chance)
    if isinstance(value, tuple):
        inner = holder[last]
        return _change_list(inner, where, chance)
    kind = chance.random()
    if kind < 0.15 and isinstance(holder, dict):
        del holder[last]
        return where, "was taken out"
    new = _other(value, chance)
    holder[last] = new
    return where, f"{value!r} became {new!r}"


def _change_object(inner: dict[str, Any], where: str, chance: random.Random) -> tuple[str, str] | None:
    if not inner:
        return None
    name = chance.choice(list(inner))
    kind = chance.choice(("delete", "add", "rename"))
    if kind == "delete":
        del inner[name]
        return f"{where}/{name}", "was taken out"
    if kind == "add":
        inner["surprise"] = Number("1")
        return f"{where}/surprise", "was added"
    inner[f"{name}x"] = inner.pop(name)
    return f"{where}/{name}", f"was renamed {name}x"


def _change_list(inner: list[Any], where: str, chance: random.Random) -> tuple[str, str] | None:
    if not inner:
        return None
    at = chance.randrange(len(inner))
    kind = chance.choice(("delete", "double", "swap"))
    if kind == "delete":
        del inner[at]
        return f"{where}/{at}", "was taken out"
    if kind == "double":
        inner.insert(at, inner[at])
        return f"{where}/{at}", "was doubled"
    other = chance.randrange(len(inner))
    if inner[at] == inner[other]:
        return None
    inner[at], inner[other] = inner[other], inner[at]
    return where, f"items {at} and {other} were swapped"


def _other(value: Any, chance: random.Random) -> Any:
    """Another value of the same sort: one digit, one letter."""
    if isinstance(value, Number):
        places = [index for index, char in enumerate(value.token) if char.isdigit()]
        at = chance.choice(places)
        digit = chance.choice([digit for digit in "0123456789" if digit != value.token[at]])
        new = value.token[:at] + digit + value.token[at + 1 :]
        whole = new.lstrip("-").partition(".")[0]
        return Number("7") if whole.startswith("0") and whole != "0" else Number(new)
    if isinstance(value, bool):
        return not value
    if value is None:
        return Number("0")
    if not value:
        return "x"
    at = chance.randrange(len(value))
    pool = "0123456789" if value[at].isdigit() else "abcdefghijklmnopqrstuvwxyz"
    return value[:at] + chance.choice([char for char in pool if char != value[at]]) + value[at + 1 :]


def doubled_key(path: str, data: bytes, chance: random.Random) -> Mutation:
    """A JSON document in which one key of one object stands twice."""
    objects = [place for place, value in _places(path, data) if isinstance(value, dict) and value]
    place = chance.choice(objects)
    document = _thawed(parse_json(data))
    if not place:
        document = _Twice(document)
    else:
        *parents, last = place
        holder = document
        for step in parents:
            holder = holder[step]
        holder[last] = _Twice(holder[last])
    return Mutation(file=path, place=pointer_of(place), what="a key stands twice", data=dump_json(document).encode())


# ── packs ────────────────────────────────────────────────────────────────────────────────────────────


def raw_mutations(raw: RawPack, chance: random.Random) -> Iterator[Mutation]:
    """Bytes and fields of any file, without end."""
    documents = [file for file in raw.files.values() if file.path.endswith(".json") and file.data]
    while True:
        kind = chance.random()
        file = chance.choice(documents)
        data = file.data or b""
        if kind < 0.5:
            yield byte_mutation(raw, chance)
        elif kind < 0.6:
            yield doubled_key(file.path, data, chance)
        elif (found := field_mutation(file.path, data, chance)) is not None:
            yield found


def document_mutations(raw: RawPack, chance: random.Random) -> Iterator[Mutation]:
    """Fields of the documents that people and builders write, without end. The manifest is written anew."""
    documents = [file for path, file in raw.files.items() if kind_at(path) and path != MANIFEST]
    weights = [
        len(_places(file.path, file.data or b"")) ** 0.5 for file in documents
    ]  # so that neither short nor long ones lack
    while True:
        (file,) = chance.choices(documents, weights)
        if (found := field_mutation(file.path, file.data or b"", chance)) is not None:
            yield found


def changed(raw: RawPack, files: Mapping[str, bytes]) -> RawPack:
    """The pack with some files' bytes replaced, as ingest would read it."""
    new, findings = dict(raw.files), list(raw.findings)
    for path, data in files.items():
        try:
            rows = read_rows(lines_of(data)) if path.endswith(".jsonl") else None
        except StrictError as exc:
            findings.append(_unreadable(path, exc))
            new.pop(path, None)
            continue
        new[path] = RawFile(path=path, size=len(data), sha256=hashlib.sha256(data).hexdigest(), data=data, rows=rows)
    return replace(raw, files=dict(sorted(new.items())), findings=tuple(findings))


def resealed(raw: RawPack, mutation: Mutation | None, template_set: TemplateSet) -> LoadedPack:
    """The pack with a document changed, then documents, checksum files and manifest written anew by the newest book."""
    raw = changed(raw, {mutation.file: mutation.data} if mutation else {})
    manifest = _thawed(parse_json(raw.files[MANIFEST].data or b""))
    manifest |= {"rule_book": RULE_BOOK, "template_set": {"name": template_set.ref.name}}
    raw = changed(raw, {MANIFEST: dump_json(manifest).encode()})
    evidence = interpret(raw).evidence
    documents = render_documents(evidence, template_set) if evidence is not None else ()
    raw = changed(raw, {item.path: item.text.encode() for item in documents})
    sums = {}
    for section in SECTIONS:
        own = f"{section}/{CHECKSUMS}"
        inside = [
            (path.removeprefix(f"{section}/"), file.sha256)
            for path, file in raw.files.items()
            if path.startswith(f"{section}/") and path != own
        ]
        sums |= {own: render_checksums(inside)} if inside else {}
    raw = changed(raw, sums)
    held = {kind.name: getattr(evidence, kind.name) for kind in KINDS if evidence and evidence.holds(kind.name)}
    roles = roles_of(held)
    manifest["files"] = [
        {"path": path, "role": role_at(path, roles), "sha256": file.sha256, "size": file.size}
        for path, file in sorted(raw.files.items())
        if path not in {MANIFEST, CHECKSUMS}
    ]
    raw = changed(raw, {MANIFEST: dump_json(manifest).encode()})
    lines = [(path, file.sha256) for path, file in raw.files.items() if path != CHECKSUMS]
    return interpret(changed(raw, {CHECKSUMS: render_checksums(lines)}))


def packs_of(root: Path) -> tuple[RawPack, ...]:
    """The packs of an instance as ingest reads them."""
    return tuple(
        load_pack(source_of(path, label=f"{path.parent.name}/{path.name}")).raw
        for path in sorted(root.glob("packs/*/*-r*"))
        if path.is_dir()
    )


def small_packs(root: Path) -> tuple[RawPack, ...]:
    """Three small packs that hold every kind of document between them."""
    PackBuilder(root / "everything" / "packs").with_everything()
    CompletePack(root / "complete" / "packs")
    DerivedPack(root / "derived" / "packs")
    return tuple(raw for name in ("everything", "complete", "derived") for raw in packs_of(root / name))
