"""`migrate_pack`: the documents of a pack that is not registered, moved to the schemas of today."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proofpress.errors import IngestError, UsageError
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import MANIFEST, documents_among
from proofpress.evidence.release import PackManifest
from proofpress.ingest import LoadedPack, load_pack, source_of
from proofpress.ingest.migrations import migrate, version_of
from proofpress.pack.release import assemble
from proofpress.pack.writer import parse_document, write_text
from proofpress.pipeline import is_registered, label_of, registered_id, require_listed, rules_at
from proofpress.render.sets import TemplateSets

_KEPT: Final = {
    MANIFEST: "it is written anew with the pack",
    "model/manifest.json": "its bytes are the model's identity",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One document: from which schema to which, and by which migrations."""

    path: str
    old: str
    new: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """What migrating a pack did, or would do. `stuck` are documents of an older schema that no migration moves."""

    label: str
    moved: tuple[Moved, ...]
    stuck: tuple[tuple[str, str, str], ...]
    written: bool
    pack_id: str


def migrate_pack(root: Path, folder: Path, *, write: bool) -> Migrated:
    """Move each document to the newest schema that a migration leads to; with `write`, assemble the pack again.

    Raises `UsageError` for a registered pack, and for one whose files are not those of its manifest.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such pack folder", hint="unpack an archive first, and name its folder")
    rules = rules_at(root)
    loaded = load_pack(source_of(folder, label=label_of(folder.absolute())))
    moved: list[Moved] = []
    stuck: list[tuple[str, str, str]] = []
    texts: dict[str, str] = {}
    for kind in documents_among(loaded.values):
        value = loaded.values[kind.path]
        if not isinstance(value, dict):
            continue
        newest, here = version_of(kind.schema_version), version_of(value.get("schema_version"))
        if newest is None or here is None or here >= newest:
            continue
        document, steps = migrate(kind, value)
        if kind.path in _KEPT or not steps:
            stuck.append((kind.path, value["schema_version"], _KEPT.get(kind.path, "no migration is known")))
            continue
        texts[kind.path] = dump_json(document)
        moved.append(Moved(path=kind.path, old=value["schema_version"], new=document["schema_version"], steps=steps))
    pack_id = registered_id(folder)
    if moved and is_registered(root, folder, rules):
        raise UsageError(
            f"{loaded.raw.label} is registered and never changes; it is read as it is",
            hint="nothing has to be migrated in it; the next bundle or release is written by today's schemas",
        )
    if moved and write:
        pack_id = _write(folder, loaded, rules.sets, texts)
    return Migrated(
        label=loaded.raw.label, moved=tuple(moved), stuck=tuple(stuck), written=bool(moved and write), pack_id=pack_id
    )


def _write(folder: Path, loaded: LoadedPack, sets: TemplateSets, texts: Mapping[str, str]) -> str:
    """Write the documents and assemble the pack again, by its own template set and rule book."""
    file = loaded.raw.files.get(MANIFEST)
    if file is None or file.data is None:
        raise IngestError(f"{loaded.raw.label} has no manifest", hint="run 'proofpress pack release' on the folder")
    manifest = parse_document(PackManifest, file.data)
    require_listed(loaded, manifest.files)
    chosen = sets.find(manifest.template_set)
    if chosen is None:
        raise UsageError(
            f"template set '{manifest.template_set.name}' is not known here", hint="restore it, or render --upgrade"
        )
    for kind in documents_among(texts):
        parse_document(kind.model, texts[kind.path].encode("utf-8"))  # all of them, before the first is written
    for path, text in texts.items():
        write_text(folder, path, text)
    return assemble(
        folder,
        profile=manifest.profile,
        template_set=chosen,
        rule_book=manifest.rule_book,
        external_artifacts=manifest.external_artifacts,
    )
