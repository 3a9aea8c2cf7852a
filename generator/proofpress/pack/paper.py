"""`paper/paper_draft.md` alone: rendered when all the evidence that it needs is there."""

from pathlib import Path
from typing import Final

from proofpress.evidence.pack import KINDS
from proofpress.evidence.release import FileEntry, Release
from proofpress.pack.release import documents_in, files_in, header_of, unsealed
from proofpress.pack.writer import PackError, clear, produced, write_bytes
from proofpress.render.render import render_documents
from proofpress.render.sets import TemplateSet
from proofpress.verify.rule import RULE_BOOK

_NAME: Final = "paper_draft"
_BUILDERS: Final = {
    "release": "proofpress.pack.release.write_release",
    "model": "proofpress pack model",
    "evaluation": "proofpress pack eval",
}


def write_paper(folder: Path, *, profile: str, template_set: TemplateSet) -> str:
    """Render the paper draft and return its path. Raises `PackError` that names all missing or stale evidence.

    A document that is there already, such as the evaluation report, must be a fresh render: a draft beside a stale one
    would contradict it.
    """
    spec = next(spec for spec in template_set.documents if spec.name == _NAME)
    clear(folder, (spec.path,))
    documents = documents_in(folder)
    missing = [name for name in ("release", *spec.needs) if name not in documents]
    if missing:
        roles = {kind.name: f"{kind.role} ({kind.path})" for kind in KINDS}
        raise PackError(
            f"the paper draft lacks {', '.join(roles[name] for name in missing)}",
            hint=", ".join(sorted({_BUILDERS.get(name, f"proofpress.pack.{name}") for name in missing})),
        )
    release: Release = documents["release"]
    files = tuple(FileEntry(role="evidence", **produced(folder, path)) for path in files_in(folder))
    header = header_of(release, profile=profile, template_set=template_set, rule_book=RULE_BOOK)
    evidence = unsealed(folder, documents, {**header, "files": files})
    rendered = {item.name: item for item in render_documents(evidence, template_set)}
    for item in rendered.values():
        committed = folder / item.path
        if item.name != _NAME and committed.exists() and committed.read_bytes() != item.text.encode("utf-8"):
            raise PackError(f"{item.path} is stale", hint="run 'proofpress pack release' on the folder first")
    write_bytes(folder, spec.path, rendered[_NAME].text.encode("utf-8"))
    return spec.path
