"""`release.json`, and the last step: render the documents, then write manifest and checksum files."""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from proofpress.evidence.pack import (
    CHECKSUMS,
    EFFECTIVE_CONFIG,
    MANIFEST,
    PARAMS,
    Evidence,
    documents_among,
    gathered,
)
from proofpress.evidence.release import ExternalArtifact, FileEntry, PackManifest, Release
from proofpress.evidence.roles import role_at, roles_of
from proofpress.evidence.values import ReleaseParts, path_trouble
from proofpress.ingest import DirectorySource
from proofpress.ingest.checksums import render_checksums
from proofpress.ingest.load import MAX_ARTIFACT_BYTES
from proofpress.ingest.strict import MAX_STRUCTURED_BYTES, parse_yaml
from proofpress.pack.fields import asked_fields
from proofpress.pack.training import named_release
from proofpress.pack.writer import PackError, described, kind_of, parse_document, produced, write_bytes, write_document
from proofpress.render.render import render_documents
from proofpress.render.sets import RENDERED, TemplateSet
from proofpress.verify.rule import RULE_BOOK
from proofpress.verify.rules.integrity import SECTIONS

_LABEL: Final = "proofpress.pack.release"
_WRITTEN: Final = (
    *("title", "summary", "released_at", "intended_use", "out_of_scope"),
    *("licence", "authors", "headline", "changelog"),
)
_MAY_WRITE: Final = ("keywords", "compatibility", "support", "deprecations")
_PLACED: Final = ("release_id", "family", "predecessor")


def write_release(
    folder: Path,
    *,
    release_id: str,
    family: str,
    released_at: str,
    predecessor: tuple[str, str] | None,
    fields: Mapping[str, Any],
    bundle: int = 1,
) -> Release:
    """Write `release.json`. `predecessor` is the release id and pack_id of the release that came before.

    `fields` holds what people write: title, summary, intended_use, out_of_scope, licence, authors, keywords,
    headline, compatibility, support, deprecations, changelog. The version is taken from the release id.
    """
    named = {"release_id": predecessor[0], "pack_id": predecessor[1]} if predecessor else None
    return write_document(
        folder,
        Release,
        {
            "release_id": release_id,
            **({"bundle": bundle} if bundle > 1 else {}),
            "family": family,
            "title": fields["title"],
            "version": ReleaseParts(release_id).version,
            "released_at": released_at,
            "predecessor": named,
            **{name: value for name, value in fields.items() if name != "title"},
        },
        generated_by=_LABEL,
    )


def release_from(folder: Path, file: Path) -> Release:
    """Write `release.json` from what people wrote in a JSON or YAML file. Raises `PackError`.

    Release id, bundle and family are those of the folder's place, `<family>/<release id>[.b<n>]`, unless the file
    states `release_id` or `family`; `predecessor` holds the release_id and pack_id of the release before.
    """
    fields = asked_fields(file, required=_WRITTEN, optional=(*_MAY_WRITE, *_PLACED))
    named, bundle = named_release(folder)
    placed: dict[str, Any] = {"release_id": named, "family": folder.resolve().parent.name, "predecessor": None}
    placed |= {name: fields.pop(name) for name in _PLACED if name in fields}
    before = placed["predecessor"]
    if before is not None and not (isinstance(before, Mapping) and before.keys() == {"release_id", "pack_id"}):
        raise PackError(f"{file.name}: a predecessor has release_id and pack_id", hint="leave it out, or name both")
    try:
        ReleaseParts(str(placed["release_id"]))
    except ValueError as exc:
        raise PackError(
            f"'{placed['release_id']}' is no release id",
            hint="name the folder <name>-v<version>[-<variant>]-r<revision>",
        ) from exc
    return write_release(
        folder,
        release_id=str(placed["release_id"]),
        family=placed["family"],
        released_at=fields.pop("released_at"),
        predecessor=(before["release_id"], before["pack_id"]) if before else None,
        fields=fields,
        bundle=bundle,
    )


def assemble(
    folder: Path,
    *,
    profile: str,
    template_set: TemplateSet,
    rule_book: int = RULE_BOOK,
    external_artifacts: Sequence[ExternalArtifact] | None = None,
) -> str:
    """Render the documents, then write the sections' checksum files, `manifest.json` and `SHA256SUMS`.

    Everything that is in the folder becomes part of the pack. Running it again changes nothing; without
    `external_artifacts` those of the manifest that is there are kept. Returns the `pack_id`. Raises
    `PackError` when a file can't be part of a pack; then nothing is written.
    """
    # (1) the files that people and builders made; everything else is made here
    _check_kinds(folder)
    documents = documents_in(folder)
    release = documents.get("release")
    if not isinstance(release, Release):
        raise PackError(
            "the folder has no release.json", hint="write it: proofpress pack release --metadata release.yaml"
        )
    made_here = RENDERED | {spec.path for spec in template_set.documents}
    made_here |= {MANIFEST, CHECKSUMS, *(f"{section}/{CHECKSUMS}" for section in SECTIONS)}
    roles = roles_of(documents)
    entries = {
        path: FileEntry(role=role_at(path, roles), **produced(folder, path))
        for path in files_in(folder)
        if path not in made_here
    }
    header = header_of(release, profile=profile, template_set=template_set, rule_book=rule_book)
    external = _external(folder) if external_artifacts is None else tuple(external_artifacts)
    if external:
        header["external_artifacts"] = external

    # (2) documents, from the evidence alone: nothing they show depends on the manifest's list
    evidence = unsealed(folder, documents, {**header, "files": tuple(entries.values())})
    made = {item.path: item.text.encode("utf-8") for item in render_documents(evidence, template_set)}
    entries |= {path: _entry(path, data) for path, data in made.items()}

    # (3) checksum files of the sections that are published apart
    for section in SECTIONS:
        listed = [
            (path.removeprefix(f"{section}/"), entry.sha256)
            for path, entry in entries.items()
            if path.startswith(f"{section}/")
        ]
        if listed:
            path = f"{section}/{CHECKSUMS}"
            made[path] = render_checksums(listed)
            entries[path] = _entry(path, made[path])

    # (4) write: the manifest, which binds all of it, comes after what it lists
    for path in made_here - made.keys():
        if path != MANIFEST:
            (folder / path).unlink(missing_ok=True)
    for path, data in made.items():
        write_bytes(folder, path, data)
    ordered = [entries[path] for path in sorted(entries)]
    write_document(folder, PackManifest, {**header, "files": ordered}, generated_by=_LABEL)
    digest = produced(folder, MANIFEST)["sha256"]
    sums = [(entry.path, entry.sha256) for entry in ordered]
    write_bytes(folder, CHECKSUMS, render_checksums([*sums, (MANIFEST, digest)]))
    return f"sha256:{digest}"


def _check_kinds(folder: Path) -> None:
    """Refuse what ingest would refuse to open, before anything is opened."""
    with DirectorySource(folder) as source:
        for entry in source.entries():
            structured = entry.path.endswith((".json", ".yaml", ".yml", ".md"))
            if entry.kind != "file":
                raise PackError(f"{entry.path} is a {entry.kind}", hint="put a plain copy of the file into the pack")
            if entry.size > (MAX_STRUCTURED_BYTES if structured else MAX_ARTIFACT_BYTES):
                raise PackError(
                    f"{entry.path} is too large: {entry.size} bytes", hint="list it as an external artifact"
                )


def header_of(release: Release, *, profile: str, template_set: TemplateSet, rule_book: int) -> dict[str, Any]:
    """What a manifest says besides its files."""
    return {
        "family": release.family,
        "release_id": release.release_id,
        **({"bundle": release.bundle} if release.bundle > 1 else {}),
        "profile": profile,
        "template_set": template_set.ref,
        "rule_book": rule_book,
    }


def documents_in(folder: Path, *, without: Collection[str] = ()) -> dict[str, Any]:
    """The JSON documents of a folder that is not a pack yet, by their field in `Evidence`. Raises `PackError`.

    Documents at the paths `without` are left aside, valid or not: a builder writes them anew.
    """
    return gathered(
        (kind, parse_document(kind.model, (folder / kind.path).read_bytes(), path=kind.path))
        for kind in documents_among(files_in(folder))
        if kind.path != MANIFEST and kind.path not in without
    )


def unsealed(folder: Path, documents: Mapping[str, Any], header: Mapping[str, Any]) -> Evidence:
    """The evidence in a folder whose manifest is still to be written; nothing that is rendered shows its pack_id."""
    settings = {"promoted_parameters": folder / PARAMS, "effective_config": folder / EFFECTIVE_CONFIG}
    return Evidence(
        pack_id="sha256:" + "0" * 64,
        manifest=PackManifest(schema_version=kind_of(PackManifest).schema_version, generated_by=_LABEL, **header),
        **{name: parse_yaml(path.read_bytes()) for name, path in settings.items() if path.exists()},
        **documents,
    )


def _external(folder: Path) -> tuple[ExternalArtifact, ...]:
    path = folder / MANIFEST
    return parse_document(PackManifest, path.read_bytes()).external_artifacts if path.exists() else ()


def files_in(folder: Path) -> list[str]:
    """Pack paths of all files, sorted. Raises `PackError` on anything that ingest would refuse."""
    found = []
    for place, folders, names in os.walk(folder, onerror=_refuse):
        for name in (*names, *(name for name in folders if (Path(place) / name).is_symlink())):
            item = Path(place) / name
            path = item.relative_to(folder).as_posix()
            if item.is_symlink() or not item.is_file():
                raise PackError(f"{path} is not a regular file", hint="put a plain copy of it into the pack")
            if trouble := path_trouble(path):
                raise PackError(f"the path '{path}' {trouble}", hint="rename the file")
            if path.endswith((".part", ".tmp")):
                raise PackError(f"{path} is left over from a write that was cut off", hint="remove it")
            found.append(path)
    return sorted(found)


def _refuse(error: OSError) -> None:
    raise PackError(f"a folder of the pack can't be read: {error.strerror}") from error


def _entry(path: str, data: bytes) -> FileEntry:
    return FileEntry(role=role_at(path, {}), **described(path, data))
