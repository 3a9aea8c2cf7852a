"""The files of a published site, from a folder or over HTTP; the host is not trusted."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from proofpress.errors import IngestError, UsageError
from proofpress.evidence.values import path_trouble
from proofpress.ingest.sources import read_file

MOST: Final = 256 * 1024 * 1024
"""Bytes of one file; a larger one is told, never held."""
_TIMEOUT: Final = 30.0
_TRIES: Final = 3
_CHUNK: Final = 1 << 16


class SiteReader(Protocol):
    """Where a site is. `names` is None where its files can't be listed."""

    place: str

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, None when there is none. Raises `IngestError` when the place can't be reached."""

    def names(self) -> Iterable[str] | None:
        """Every file there is."""


class FolderReader:
    """A site in a folder; links are never followed."""

    def __init__(self, folder: Path) -> None:
        self.place = str(folder)
        self._folder = folder
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder", hint="name a built site, or its address")

    def read(self, path: str) -> bytes | None:
        """The bytes of a regular file."""
        try:
            return read_file(self._folder / path, most=MOST)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as exc:
            raise IngestError(f"{path}: can't be read ({exc.strerror or exc})") from exc

    def names(self) -> Iterable[str]:
        """Every file below the folder, links and special files included."""

        def refuse(error: OSError) -> None:
            raise IngestError(f"{error.filename}: can't be listed ({error.strerror})") from error

        found = []
        for folder, folders, files in os.walk(self._folder, onerror=refuse):
            links = [name for name in folders if Path(folder, name).is_symlink()]
            found += [Path(folder, name).relative_to(self._folder).as_posix() for name in (*files, *links)]
        return sorted(found)


class HttpReader:
    """A site at an address. Redirections are not followed: what is proven is what stands at the address itself."""

    def __init__(self, url: str) -> None:
        self.place = url if url.endswith("/") else f"{url}/"
        self._session = requests.Session()
        retry = Retry(total=_TRIES, backoff_factor=0.2, status_forcelist=(429, 500, 502, 503, 504))
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry, pool_maxsize=16))

    def read(self, path: str) -> bytes | None:
        """The bytes at an address, as the host stores them."""
        url = self.place + quote(path)
        try:
            with self._session.get(
                url,
                stream=True,
                timeout=_TIMEOUT,
                allow_redirects=False,
                headers={"Accept-Encoding": "identity", "Cache-Control": "no-cache"},
            ) as answer:
                if answer.status_code != requests.codes.ok:
                    return None
                found = bytearray()
                for piece in answer.iter_content(_CHUNK):
                    found += piece
                    if len(found) > MOST:
                        raise IngestError(f"{url}: larger than {MOST} bytes")
                return bytes(found)
        except requests.RequestException as exc:
            raise IngestError(f"{url}: can't be fetched ({type(exc).__name__})", hint="try again later") from exc

    def names(self) -> None:
        """A host does not say what else it serves."""


def open_site(place: str) -> SiteReader:
    """The reader for an address or a folder."""
    return HttpReader(place) if urlsplit(place).scheme in {"http", "https"} else FolderReader(Path(place))


def safe_path(path: object) -> str:
    """A path that a site names, checked by the grammar of pack paths. Raises `IngestError`."""
    trouble = path_trouble(path) if isinstance(path, str) else "is not text"
    if trouble or not isinstance(path, str):
        raise IngestError(f"the site names a path that {trouble}: {str(path)[:80]!r}")
    return path
