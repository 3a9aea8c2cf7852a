"""Sign-off files on disk: `packs/attestations/<hex of pack_id>/signoff-<role>-<keyid>.json`, never overwritten."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from proofpress.discovery import listing
from proofpress.errors import IngestError
from proofpress.evidence.attestation import Party
from proofpress.evidence.finding import Finding
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.policy import Policy
from proofpress.evidence.signed import statement
from proofpress.evidence.signoff import PREDICATE_TYPE, Signoff
from proofpress.gate.store import RECEIPT, attestations
from proofpress.ingest.sources import read_file
from proofpress.pack.writer import refuse_private, write_bytes
from proofpress.signing.dsse import key_id, seal_statement
from proofpress.signing.keys import SigningKey
from proofpress.signoff.published import PUBLICATION_FILE, read_published
from proofpress.signoff.read import PREFIX, Attested, is_signoff, read_signoffs
from proofpress.verify.facts import PackFacts


def read_attested(root: Path, pack: Party, family: str) -> Attested:
    """The receipt, sign-offs and publication evidence beside a pack. Raises `IngestError` when one can't be read."""
    folder = attestations(root, pack.pack_id)
    files = {}
    for item in listing(folder) if folder.is_dir() else ():
        if item.name in {RECEIPT, PUBLICATION_FILE} or is_signoff(item.name):
            try:
                files[item.name] = read_file(Path(item.path))
            except OSError as exc:
                raise IngestError(f"{item.path}: can't be read ({exc.strerror or exc})") from exc
    return Attested(pack=pack, family=family, files=files)


def signoff_findings(root: Path, policy: Policy, packs: Iterable[PackFacts]) -> Iterator[Finding]:
    """What is wrong with the sign-offs and the publication evidence beside the packs of an instance."""
    if not (root / "packs" / "attestations").is_dir():
        return
    for facts in packs:
        pack = Party(bundle_id=facts.bundle_id, pack_id=facts.pack_id)
        attested = read_attested(root, pack, facts.family)
        for signed in read_signoffs(attested, policy):
            yield from signed.findings
        published = read_published(attested, policy)
        yield from published.findings if published else ()


def file_name(role: str, key: str, number: int) -> str:
    """The name of the file of a role and a key; later statements of both are numbered from 2 on."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", role).strip("-").lower() or "role"
    return f"{PREFIX}{plain}-{key_id(key)[:8]}" + (f"-{number}" if number > 1 else "") + ".json"


def write_signoff(root: Path, fields: dict[str, Any], key: SigningKey) -> tuple[Path, str]:
    """Sign a statement and write it beside its pack; returns its path and the sha256 of its bytes.

    What the same role and key said before stays, and is named by its digest. Raises `PackError` when an answer tells
    a private path.
    """
    pack = Party.model_validate(fields["subject"])
    folder = attestations(root, pack.pack_id)
    number, earlier = 1, None
    while (path := folder / file_name(fields["role"], key.public, number)).exists():
        earlier = hashlib.sha256(read_file(path)).hexdigest()
        number += 1
    said = Signoff.model_validate({**fields, "supersedes": earlier}).model_dump(by_alias=True)
    refuse_private(path.name, dump_json(said))
    made = statement({pack.bundle_id: pack.pack_id.removeprefix("sha256:")}, PREDICATE_TYPE, said)
    data = seal_statement(made, [key])
    write_bytes(folder, path.name, data)
    return path, hashlib.sha256(data).hexdigest()
