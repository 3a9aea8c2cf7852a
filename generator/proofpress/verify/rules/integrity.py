"""INT: the files that are there are exactly the files that the manifest lists, byte for byte."""

from collections.abc import Iterator, Mapping

from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import CHECKSUMS, KINDS, MANIFEST
from proofpress.evidence.roles import is_below, is_known_place, named_files, role_at, roles_of
from proofpress.ingest.checksums import parse_checksums, render_checksums
from proofpress.render.sets import RENDERED
from proofpress.verify.rule import Case, bytes_of, rule, trouble

SECTIONS = ("dataset", "demo", "model", "training")
"""Folders that are published apart and verify alone, each by a checksum file of its own."""
_REPACK = "restore the file from the recorded run, or assemble the pack again with 'proofpress pack release'"


@rule("INT001", "Every listed file has the digest that the manifest states")
def digests(case: Case) -> Iterator[Finding]:
    """The SHA-256 of a file's bytes differs from the one in `manifest.json`.

    The file was changed after the pack was assembled, or it belongs to another release. Either way nothing
    that the pack says can be relied on. Restore the file, or assemble the pack again from the recorded run.
    """
    for index, entry in enumerate(case.evidence.manifest.files):
        file = case.raw.files.get(entry.path)
        if file is not None and file.sha256 != entry.sha256:
            yield trouble(
                entry.path,
                "",
                f"the file was changed after the pack was assembled (manifest.json#/files/{index}/sha256)",
                expected=f"sha256 {entry.sha256}",
                found=f"sha256 {file.sha256}",
                hint=_REPACK,
            )


@rule("INT002", "Every listed file is there")
def missing(case: Case) -> Iterator[Finding]:
    """`manifest.json` lists a file that the pack does not hold.

    Put the file back, or assemble the pack again without it.
    """
    for index, entry in enumerate(case.evidence.manifest.files):
        if entry.path not in case.raw.files and entry.path not in case.broken:
            yield trouble(
                entry.path,
                "",
                f"the manifest lists this file, but it is not there (manifest.json#/files/{index})",
                expected=f"{entry.size} bytes with sha256 {entry.sha256}",
                found="no such file",
                hint=_REPACK,
            )


@rule("INT003", "Every file that is there is listed")
def unlisted(case: Case) -> Iterator[Finding]:
    """The pack holds a file that `manifest.json` does not list.

    Consumers use only what the manifest lists, so a file beside it is either lost evidence or a stranger's.
    Remove it, or assemble the pack again so that it is covered.
    """
    listed = {entry.path for entry in case.evidence.manifest.files}
    for path in case.raw.files:
        if path not in listed and path not in {MANIFEST, CHECKSUMS}:
            yield trouble(
                path,
                "",
                "the file is not listed in manifest.json",
                expected="only files that the manifest lists",
                found=path,
                hint="remove the file, or assemble the pack again so that the manifest covers it",
            )


@rule("INT004", "Sizes, order and uniqueness of the manifest's entries")
def entries(case: Case) -> Iterator[Finding]:
    """An entry of `manifest.json` states a wrong size, stands twice, or out of order.

    Entries are sorted by path, so that two manifests of the same files are the same bytes.
    """
    previous = ""
    for index, entry in enumerate(case.evidence.manifest.files):
        pointer = f"/files/{index}"
        file = case.raw.files.get(entry.path)
        if file is not None and file.sha256 == entry.sha256 and file.size != entry.size:
            yield trouble(
                MANIFEST,
                f"{pointer}/size",
                f"size of {entry.path} differs",
                expected=file.size,
                found=entry.size,
                hint=_REPACK,
            )
        if entry.path <= previous:
            yield trouble(
                MANIFEST,
                f"{pointer}/path",
                "paths are not sorted, or one stands twice",
                expected=f"a path after {previous}",
                found=entry.path,
                hint=_REPACK,
            )
        if entry.path in {MANIFEST, CHECKSUMS}:
            yield trouble(
                MANIFEST,
                f"{pointer}/path",
                "the manifest can't list itself or the checksum file",
                expected="neither manifest.json nor SHA256SUMS",
                found=entry.path,
                hint=_REPACK,
            )
        previous = entry.path


@rule("INT005", "SHA256SUMS says what the manifest says")
def checksums(case: Case) -> Iterator[Finding]:
    """A checksum file is missing, not in the canonical form, or disagrees with `manifest.json`.

    It is the manifest's list in the form that `sha256sum -c` reads, plus the manifest's own line: lowercase
    digests, two blanks, relative paths, sorted, each path once, nothing else. The checksum file of a section,
    for example `model/SHA256SUMS`, lists the section's other files in the same form.
    """
    listed = {entry.path: entry.sha256 for entry in case.evidence.manifest.files}
    yield from _checksum_file(case, CHECKSUMS, {**listed, MANIFEST: case.raw.files[MANIFEST].sha256})
    for section in SECTIONS:
        path = f"{section}/{CHECKSUMS}"
        inside = {
            other.removeprefix(f"{section}/"): digest
            for other, digest in listed.items()
            if other.startswith(f"{section}/") and other != path
        }
        if inside and (path in case.raw.files or path not in listed):
            yield from _checksum_file(case, path, inside)


def _checksum_file(case: Case, path: str, wanted: Mapping[str, str]) -> Iterator[Finding]:
    file = case.raw.files.get(path)
    if file is None or file.data is None:
        yield trouble(
            path,
            "",
            "the checksum file is missing",
            expected=path,
            found="no such file",
            hint=_REPACK,
        )
        return
    if b"\r" in file.data:
        problem = "line ends are CRLF; the canonical form has a line feed alone"
        yield trouble(path, "", problem, expected="LF", found="CRLF", hint=_REPACK)
        return
    stated, bad = parse_checksums(file.data)
    for number, problem, line in bad:
        yield trouble(
            path,
            f"line {number}",
            problem,
            expected="<64 lowercase hex digits>, two blanks, a listed path",
            found=line[:120],
            hint=_REPACK,
        )
    for name in sorted(wanted.keys() | stated.keys()):
        if wanted.get(name) != stated.get(name):
            yield trouble(
                path,
                name,
                f"the checksum file and the manifest disagree on {name}",
                expected=wanted.get(name, "no line for this path"),
                found=stated.get(name, "no line for this path"),
                hint=_REPACK,
            )
    if not bad and wanted == stated and file.data != render_checksums(wanted.items()):
        problem = "the bytes are not the canonical form"
        yield trouble(path, "", problem, expected="canonical lines", found="other bytes", hint=_REPACK)


@rule("INT006", "The model manifest describes the model's files", needs="model_manifest")
def model_files(case: Case) -> Iterator[Finding]:
    """`model/manifest.json` states a digest or size that the pack's own manifest contradicts.

    The model's identity is the digest of this list, so a wrong entry would give an identity to no model.
    """
    listed = {entry.path: entry for entry in case.evidence.manifest.files}
    external = {item.name: item for item in case.evidence.manifest.external_artifacts}
    manifest = case.evidence.model_manifest
    for index, item in enumerate(manifest.files if manifest else ()):
        entry = listed.get(f"model/{item.path}") or external.get(item.path)
        found = (entry.sha256, entry.size) if entry else None
        if found != (item.sha256, item.size):
            yield trouble(
                "model/manifest.json",
                f"/files/{index}",
                f"the model file {item.path} is not the one of this pack",
                expected=f"sha256 {item.sha256}, {item.size} bytes",
                found=f"sha256 {found[0]}, {found[1]} bytes" if found else "no such file in manifest.json",
                hint="restore the model file of this release, or build the model package again",
            )


@rule("INT007", "Recorded inputs and outputs are files of this pack")
def recorded_files(case: Case) -> Iterator[Finding]:
    """A run, measurement or demo names a file by a digest that the pack's manifest does not confirm.

    The file was replaced after the run, or the record comes from another run.
    """
    training, demo, efficiency = case.evidence.training, case.evidence.demo, case.evidence.efficiency
    records = [("training/training_run.json", "outputs", training.outputs if training else ())]
    records += [
        ("model/efficiency_report.json", "inputs", efficiency.inputs if efficiency else ()),
        ("demo/terminal_demo_manifest.json", "inputs", demo.inputs if demo else ()),
        ("demo/terminal_demo_manifest.json", "outputs", demo.outputs if demo else ()),
    ]
    for file, name, items in records:
        for index, item in enumerate(items):
            if difference := case.unlike(item):
                yield trouble(
                    file,
                    f"/{name}/{index}",
                    f"{item.path} is not the file that was recorded",
                    expected=bytes_of(item),
                    found=difference,
                    hint="run it again with the files of this pack",
                )


@rule("INT008", "Every file belongs to something", book=2)
def belongs(case: Case) -> Iterator[Finding]:
    """A listed file is one that no document of the pack speaks of, or `manifest.json` gives it another role than the
    documents do.

    A file that is left over from another run, and listed by nobody but the manifest, would be taken for evidence.
    What shows nothing by itself lies below `attachments/`, what an import keeps of another project below `upstream/`
    with its `import_report.json`. `README.md`, `review.md`, `migration.md`, `LICENSE`,
    `NOTICE` and `CITATION.cff` stand for themselves.
    """
    if case.unreadable:
        return  # nobody knows what a document that can't be read would have said
    evidence = case.evidence
    documents = {kind.name: getattr(evidence, kind.name) for kind in KINDS if evidence.holds(kind.name)}
    documents |= {"pipeline_lock": evidence.pipeline_lock} if evidence.pipeline_lock else {}
    roles, named = roles_of(documents), named_files(documents)
    rendered = {document.path for document in case.documents} | RENDERED
    for index, entry in enumerate(evidence.manifest.files):
        path = entry.path
        if not (is_known_place(path) or path in rendered or is_below(path, named)):
            folder = path.rpartition("/")[0]
            near = [kind.path for kind, _document in evidence.documents() if kind.path.startswith(f"{folder}/")]
            yield trouble(
                path,
                "",
                "no document of the pack speaks of this file" + (f", neither {', '.join(near)}" if near else ""),
                expected="a file that a document names, or one below attachments/",
                found=f"{path} (manifest.json#/files/{index})",
                hint="remove what is left over, or move it to attachments/ and assemble the pack again",
            )
        elif entry.role != (wanted := role_at(path, roles)):
            yield trouble(
                MANIFEST,
                f"/files/{index}/role",
                f"{path} has another role in manifest.json than in the documents",
                expected=wanted,
                found=entry.role,
                hint=_REPACK,
            )


@rule("INT009", "External artifacts have names of their own", book=2)
def external(case: Case) -> Iterator[Finding]:
    """An external artifact has the name of a file of the pack, or of another artifact: nobody could tell which of the
    two is meant.
    """
    manifest = case.evidence.manifest
    taken = {entry.path for entry in manifest.files} | {entry.path.removeprefix("model/") for entry in manifest.files}
    for index, item in enumerate(manifest.external_artifacts):
        if item.name in taken:
            yield trouble(
                MANIFEST,
                f"/external_artifacts/{index}/name",
                f"{item.name} is a file of the pack, or another artifact",
                expected="a name of its own",
                found=item.name,
                hint="rename the artifact, or remove one of the two",
            )
        taken.add(item.name)


RULES = (digests, missing, unlisted, entries, checksums, model_files, recorded_files, belongs, external)
