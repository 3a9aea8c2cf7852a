"""Small files from a folder or a web address, bounded. Where they come from proves nothing about them."""

import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from proofpress.errors import IngestError
from proofpress.ingest.sources import read_file

SECONDS: Final = 20.0
MAX_FETCHED: Final = 16 * 1024 * 1024
_WEB: Final = ("http://", "https://")


def fetch(place: str, below: str = "", *, most: int = MAX_FETCHED) -> bytes:
    """The bytes at a web address or a path, or at `below` beneath it.

    Raises `IngestError` when it can't be read, is larger than `most` bytes, or is no regular file.
    """
    if place.startswith(_WEB):
        return _get(f"{place.rstrip('/')}/{below}" if below else place, most)
    path = Path(place, below) if below else Path(place)
    try:
        return read_file(path, most=most)
    except OSError as exc:
        raise IngestError(f"{path}: can't be read ({exc.strerror or exc})", hint="name a folder, file or URL") from exc


def _get(address: str, most: int) -> bytes:
    opener = urllib.request.OpenerDirector()  # HTTP alone: no files, no FTP, wherever a redirection leads
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    try:
        with opener.open(address, timeout=SECONDS) as answer:
            data: bytes = answer.read(most + 1)
    except (OSError, ValueError, urllib.error.URLError) as exc:
        raise IngestError(f"{address}: can't be fetched ({exc})", hint="try again, or look at the address") from exc
    if len(data) > most:
        raise IngestError(f"{address}: larger than {most} bytes")
    return data
