"""A release as one file: a plain zip, a BagIt bag or an RO-Crate. The payload is the pack, byte for byte, in each.

Archives are deterministic: members are stored, not compressed, in the order of their names, with one fixed time.
"""

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, get_args

from proofpress.errors import PublishError
from proofpress.ingest.sources import open_artifact
from proofpress.site.citing import Citing

ArchiveForm = Literal["zip", "bagit", "ro-crate"]
FORMS: Final[tuple[str, ...]] = get_args(ArchiveForm)
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_FILE: Final = 0o100644 << 16
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class _Member:
    """A file of the archive, below its one folder; a digest where the bytes are known before they are read."""

    path: str
    size: int
    sha256: str
    open: Callable[[], AbstractContextManager[BinaryIO]]


def write_archive(citing: Citing, form: ArchiveForm, target: BinaryIO) -> None:
    """Write a release's archive. Raises `PublishError` when a file is not what was verified."""
    members = {"zip": _plain, "bagit": _bag, "ro-crate": _crate}[form](citing)
    top = citing.pack.evidence.bundle_id
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for member in sorted(members, key=lambda item: item.path):
            info = zipfile.ZipInfo(f"{top}/{member.path}", _TIME)
            info.create_system, info.external_attr, info.file_size = 3, _FILE, member.size
            digest = hashlib.sha256()
            with member.open() as source, archive.open(info, "w") as stream:
                while block := source.read(_BLOCK):
                    digest.update(block)
                    stream.write(block)
            if digest.hexdigest() != member.sha256:
                raise PublishError(f"{member.path} changed while it was exported", hint="export the release again")


def _payload(citing: Citing, folder: str = "") -> Iterator[_Member]:
    raw = citing.pack.raw
    for file in raw.files.values():
        opened: Callable[[], Any] = (
            partial(open_artifact, Path(raw.origin), file.path) if file.data is None else partial(BytesIO, file.data)
        )
        yield _Member(folder + file.path, file.size, file.sha256, opened)


def _text(path: str, text: str) -> _Member:
    data = text.encode()
    return _Member(path, len(data), hashlib.sha256(data).hexdigest(), partial(BytesIO, data))


def _plain(citing: Citing) -> list[_Member]:
    return list(_payload(citing))


def _crate(citing: Citing) -> list[_Member]:
    """RO-Crate 1.2: the metadata that the site publishes, above the pack in `files/`."""
    return [*_payload(citing, "files/"), _text("ro-crate-metadata.json", citing.ro_crate())]


def _bag(citing: Citing) -> list[_Member]:
    """BagIt 1.0 (RFC 8493): the pack in `data/`, its digests in `manifest-sha256.txt`."""
    payload = list(_payload(citing, "data/"))
    release = citing.pack.evidence.release
    about = [
        ("Source-Organization", citing.publisher),
        ("External-Description", release.summary),
        ("External-Identifier", citing.pack.evidence.pack_id),
        ("Internal-Sender-Identifier", citing.pack.evidence.bundle_id),
        ("Internal-Sender-Description", citing.release_url),
        ("Bagging-Date", release.released_at[:10]),
        ("Payload-Oxum", f"{sum(item.size for item in payload)}.{len(payload)}"),
    ]
    tags = [
        _text("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"),
        _text("bag-info.txt", "".join(f"{name}: {' '.join(text.split())}\n" for name, text in about)),
        _text("manifest-sha256.txt", _listed(payload)),
    ]
    return [*payload, *tags, _text("tagmanifest-sha256.txt", _listed(tags))]


def _listed(members: list[_Member]) -> str:
    return "".join(f"{item.sha256}  {_encoded(item.path)}\n" for item in sorted(members, key=lambda item: item.path))


def _encoded(path: str) -> str:
    return path.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
