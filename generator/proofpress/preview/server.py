"""A server for this machine only: the site's files, and one stream that says when they changed."""

import json
import mimetypes
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from proofpress.preview.state import Board

OWN: Final = "/__proofpress__/"
_BEAT: Final = 15.0
"""Seconds after which an idle stream says that it is still there."""
_LOCAL: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_EMPTY: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title></head><body><main><h1>{title}</h1><p>{text}</p></main></body></html>"""


class PreviewServer(ThreadingHTTPServer):
    """Serves a folder on 127.0.0.1; port 0 takes a free one."""

    daemon_threads = True

    def __init__(self, site: Path, board: Board, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.site = site
        self.board = board

    @property
    def url(self) -> str:
        """Where the site's first page is."""
        return f"http://127.0.0.1:{self.server_port}/"

    def start(self) -> threading.Thread:
        """Serve in a thread of its own."""
        thread = threading.Thread(target=self.serve_forever, name="preview", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """End all streams, then the server."""
        self.board.close()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader that went away is no trouble."""


class _Handler(BaseHTTPRequestHandler):
    server: PreviewServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature is the library's
        """Requests are not told."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        if self.headers.get("Host", "").rpartition(":")[0] not in _LOCAL:
            self._send(HTTPStatus.FORBIDDEN, "text/plain; charset=utf-8", b"for this machine only\n")
            return
        path = unquote(urlsplit(self.path).path)
        if path == f"{OWN}events":
            self._stream()
        elif path in {f"{OWN}preview.js", f"{OWN}preview.css"}:
            data = (files("proofpress.preview") / path.removeprefix(OWN)).read_bytes()
            self._send(HTTPStatus.OK, _type(path), data)
        else:
            self._page(path)

    def _page(self, path: str) -> None:
        site = self.server.site
        target = site / path.lstrip("/")
        parts = Path(path).parts
        if ".." in parts or "\0" in path or not target.resolve().is_relative_to(site.resolve()):
            self._missing()
        elif target.is_dir() and not path.endswith("/"):
            self.send_response(HTTPStatus.MOVED_PERMANENTLY)
            self.send_header("Location", f"{urlsplit(self.path).path}/")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            target = target / "index.html" if target.is_dir() else target
            try:
                data = target.read_bytes()
            except OSError:
                self._missing()
                return
            self._send(HTTPStatus.OK, _type(target.name), with_reload(data) if target.suffix == ".html" else data)

    def _missing(self) -> None:
        try:
            data = (self.server.site / "404.html").read_bytes()
        except OSError:
            title = "No such page" if self.server.board.told.number else "The first build is under way"
            text = "This page opens by itself as soon as there is something to show."
            data = _EMPTY.format(title=title, text=text).encode()
        self._send(HTTPStatus.NOT_FOUND, "text/html; charset=utf-8", with_reload(data))

    def _send(self, status: HTTPStatus, kind: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _stream(self) -> None:
        """Server-sent events: what the newest build said, at once and whenever there is a newer one."""
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        told = self.server.board.told
        while True:
            self.wfile.write(f"data: {json.dumps(told.plain())}\n\n".encode())
            self.wfile.flush()
            found = self.server.board.after(told.number, _BEAT)
            while found is None:
                if self.server.board.closed:
                    return
                self.wfile.write(b": still here\n\n")
                self.wfile.flush()
                found = self.server.board.after(told.number, _BEAT)
            told = found


def with_reload(page: bytes) -> bytes:
    """A page with the script that listens, as the content policy of the site's pages allows: from the same host."""
    tags = (f'<link rel="stylesheet" href="{OWN}preview.css"><script src="{OWN}preview.js" defer></script>').encode()
    head, end, rest = page.partition(b"</head>")
    return head + tags + end + rest if end else page + tags


def _type(name: str) -> str:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind in {"application/json", "application/javascript", "image/svg+xml"}
    return f"{kind}; charset=utf-8" if text else kind
