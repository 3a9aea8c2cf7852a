"""Public bytes, fetched as any reader fetches them: without credentials unless told, in pieces, compared."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from proofpress.evidence.publication import PlannedFile, PublicFile

_TIMEOUT: Final = 60.0
_TRIES: Final = 3
_CHUNK: Final = 1 << 20


class FetchError(Exception):
    """A public file could not be had; the text says why, without the address."""


@contextmanager
def session(tokens: Mapping[str, str] | None = None) -> Iterator[requests.Session]:
    """A session that tries again. `tokens` (host → bearer token) are for fetching alone and change no evidence."""
    with requests.Session() as found:
        found.trust_env = False  # no credentials from a .netrc: what is fetched is what everybody gets
        retry = Retry(total=_TRIES, backoff_factor=0.2, status_forcelist=(429, 500, 502, 503, 504))
        for scheme in ("http://", "https://"):
            found.mount(scheme, HTTPAdapter(max_retries=retry))
        found.auth = _Bearer(tokens or {})
        yield found


class _Bearer(requests.auth.AuthBase):
    def __init__(self, tokens: Mapping[str, str]) -> None:
        self._tokens = tokens

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        token = self._tokens.get(urlsplit(request.url or "").hostname or "")
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        return request


def fetch(
    client: requests.Session, url: str, *, most: int, write: Callable[[bytes], object] | None = None
) -> tuple[str, int]:
    """sha256 and size of what stands at an address; its bytes go to `write`. Raises `FetchError`.

    Never more than `most` + 1 bytes are read.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        raise FetchError(f"'{parts.scheme}' is no public scheme")
    found, size = hashlib.sha256(), 0
    try:
        with client.get(quote(url, safe=":/?&=%#"), stream=True, timeout=_TIMEOUT) as answer:
            if answer.status_code != requests.codes.ok:
                raise FetchError(f"HTTP status {answer.status_code}")
            for piece in answer.iter_content(_CHUNK):
                found.update(piece)
                size += len(piece)
                if write is not None:
                    write(piece)
                if size > most:
                    raise FetchError(f"more than the {most} bytes that were planned")
    except requests.RequestException as exc:
        raise FetchError(type(exc).__name__) from exc
    return found.hexdigest(), size


def checked(client: requests.Session, item: PlannedFile) -> PublicFile:
    """One planned file, fetched and compared."""
    fields = {"destination": item.destination, "url": item.public_url}
    try:
        sha256, size = fetch(client, item.public_url, most=item.size)
    except FetchError as exc:
        return PublicFile(**fields, ok=False, sha256=None, size=0, why=str(exc))
    ok = (sha256, size) == (item.sha256, item.size)
    why = "" if ok else f"planned sha256 {item.sha256}, {item.size} bytes"
    return PublicFile(**fields, ok=ok, sha256=sha256, size=size, why=why)


def download(client: requests.Session, item: PlannedFile, target: Path) -> str:
    """Write one planned file; returns what is wrong with it, empty when it is the planned one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with target.open("wb") as file:
            found = fetch(client, item.public_url, most=item.size, write=file.write)
    except FetchError as exc:
        return f"{item.path}: {exc}"
    return "" if found == (item.sha256, item.size) else f"{item.path}: the public bytes are not the planned ones"
