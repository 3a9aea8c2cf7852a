"""Doubles of two hubs' APIs, as far as publishing uses them: they keep what they are given and fail when told to.

Documented at huggingface.co/docs/hub/api and docs.github.com/rest/releases.
"""

import base64
import json
import re
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "test-token"  # noqa: S105 - the double's


class Hub(BaseHTTPRequestHandler):
    """One request; the state is the class's, so that each double is a class of its own."""

    protocol_version = "HTTP/1.1"
    address: str
    faults: Counter[str]
    """By kind of request: how many of the next ones fail with status 503."""
    seen: list[str]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it overrides
        pass

    def body(self) -> bytes:
        """What the request brings."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            pieces = []
            while size := int(self.rfile.readline(), 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def send(self, value: Any = None, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Answer with bytes, or with JSON."""
        data = value if isinstance(value, bytes) else b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def handle_one(self) -> None:
        """The first route that fits."""
        data = self.body()
        path = unquote(urlsplit(self.path).path)
        for method, pattern, route in self.routes():
            if method == self.command and (match := re.fullmatch(pattern, path)):
                self.seen.append(f"{method} {path}")
                if self.faults[route.__name__] > 0:
                    self.faults[route.__name__] -= 1
                    self.send({"error": "try again"}, status=503)
                    return
                if self.protected(method) and self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    self.send({"error": "who are you"}, status=401)
                    return
                route(data, *match.groups())
                return
        self.send({"error": f"no route {self.command} {path}"}, status=404)

    do_GET = do_POST = do_PATCH = do_DELETE = do_HEAD = do_PUT = handle_one  # noqa: N815 - the names are the library's

    def protected(self, method: str) -> bool:
        """Whether a request of this kind needs the token."""
        return method not in {"GET", "HEAD"}

    def routes(self) -> tuple[tuple[str, str, Callable[..., None]], ...]:
        """Method, path and what to do."""
        raise NotImplementedError


class HuggingFace(Hub):
    """Repositories with branches; files come in commits."""

    branches: dict[str, dict[str, bytes]]

    def routes(self) -> tuple[tuple[str, str, Callable[..., None]], ...]:
        repo = r"/api/(models|datasets)/([\w.-]+/[\w.-]+)"
        return (
            ("POST", rf"{repo}/branch/([^/]+)", self.branch),
            ("POST", rf"{repo}/preupload/([^/]+)", self.preupload),
            ("POST", rf"{repo}/commit/([^/]+)", self.commit),
            ("GET", rf"{repo}/tree/([^/]+)", self.tree),
            ("GET", rf"{repo}/revision/([^/]+)", self.revision),
            ("GET", rf"{repo}", self.info),
            ("GET", r"(?:/(datasets))?/([\w.-]+/[\w.-]+)/resolve/([^/]+)/(.+)", self.resolve),
            ("HEAD", r"(?:/(datasets))?/([\w.-]+/[\w.-]+)/resolve/([^/]+)/(.+)", self.resolve),
        )

    def branch(self, _data: bytes, kind: str, repo: str, name: str) -> None:
        key = f"{kind}/{repo}@{name}"
        if key in self.branches:
            self.send({"error": "the branch is there"}, status=409)
        else:
            self.branches[key] = {".gitattributes": b""}
            self.send({})

    def preupload(self, data: bytes, *_where: str) -> None:
        files = json.loads(data)["files"]
        self.send({"files": [{"path": item["path"], "uploadMode": "regular", "shouldIgnore": False} for item in files]})

    def commit(self, data: bytes, kind: str, repo: str, name: str) -> None:
        files = self.branches[f"{kind}/{repo}@{name}"]
        for line in data.splitlines():
            item = json.loads(line)
            if item["key"] == "file":
                files[item["value"]["path"]] = base64.b64decode(item["value"]["content"])
        self.send({"commitUrl": f"{self.address}/{repo}/commit/{'0' * 40}", "commitOid": "0" * 40, "success": True})

    def tree(self, _data: bytes, kind: str, repo: str, name: str) -> None:
        files = self.branches.get(f"{kind}/{repo}@{name}", {})
        self.send([{"type": "file", "path": path, "size": len(data), "oid": "0" * 40} for path, data in files.items()])

    def info(self, _data: bytes, kind: str, repo: str) -> None:
        self.revision(_data, kind, repo, "main")

    def revision(self, _data: bytes, kind: str, repo: str, name: str) -> None:
        files = self.branches.get(f"{kind}/{repo}@{name}", {})
        siblings = [{"rfilename": path} for path in files]
        self.send({"id": repo, "sha": "0" * 40, "private": False, "tags": [], "downloads": 0, "siblings": siblings})

    def resolve(self, _data: bytes, kind: str | None, repo: str, name: str, path: str) -> None:
        data = self.branches.get(f"{kind or 'models'}/{repo}@{name}", {}).get(path)
        if data is None:
            self.send({"error": "Entry not found"}, status=404, headers={"X-Error-Code": "EntryNotFound"})
        else:
            self.send(data, headers={"ETag": f'"{hash(data) & 0xFFFFFFFF:040x}"', "X-Repo-Commit": "0" * 40})


class GitHub(Hub):
    """Releases of one repository with their assets; drafts are seen by the owner alone."""

    releases: list[dict[str, Any]]
    assets: dict[int, dict[str, Any]]

    def protected(self, method: str) -> bool:
        return method != "HEAD" and not urlsplit(self.path).path.startswith("/team/")

    def routes(self) -> tuple[tuple[str, str, Callable[..., None]], ...]:
        repo = "/repos/team/digits"
        return (
            ("GET", f"{repo}/releases", self.listed),
            ("POST", f"{repo}/releases", self.created),
            ("PATCH", rf"{repo}/releases/(\d+)", self.edited),
            ("GET", rf"{repo}/releases/(\d+)/assets", self.held),
            ("POST", rf"/uploads{repo}/releases/(\d+)/assets", self.uploaded),
            ("GET", rf"{repo}/releases/assets/(\d+)", self.fetched),
            ("DELETE", rf"{repo}/releases/assets/(\d+)", self.deleted),
            ("GET", r"/team/digits/releases/download/([^/]+)/(.+)", self.public),
        )

    def listed(self, _data: bytes) -> None:
        """Two a page, so that the second page is needed."""
        page = int(parse_qs(urlsplit(self.path).query).get("page", ["1"])[0])
        headers = {}
        if len(self.releases) > 2 * page:
            headers["Link"] = f'<{self.address}/repos/team/digits/releases?page={page + 1}>; rel="next"'
        self.send(self.releases[2 * (page - 1) : 2 * page], headers=headers)

    def created(self, data: bytes) -> None:
        number = len(self.releases) + 1
        upload = f"{self.address}/uploads/repos/team/digits/releases/{number}/assets{{?name,label}}"
        self.releases.append({"id": number, "upload_url": upload, **json.loads(data)})
        self.send(self.releases[-1], status=201)

    def edited(self, data: bytes, number: str) -> None:
        self.releases[int(number) - 1] |= json.loads(data)
        self.send(self.releases[int(number) - 1])

    def held(self, _data: bytes, number: str) -> None:
        shown = ("id", "name", "state", "url")
        self.send(
            [{name: item[name] for name in shown} for item in self.assets.values() if item["release"] == int(number)]
        )

    def uploaded(self, data: bytes, number: str) -> None:
        name = parse_qs(urlsplit(self.path).query)["name"][0]
        if any(item["release"] == int(number) and item["name"] == name for item in self.assets.values()):
            self.send({"errors": [{"code": "already_exists"}]}, status=422)
            return
        key = max(self.assets, default=0) + 1
        url = f"{self.address}/repos/team/digits/releases/assets/{key}"
        cut = self.faults["cut"] > 0
        self.faults["cut"] -= cut
        self.assets[key] = {
            "id": key,
            "name": name,
            "release": int(number),
            "url": url,
            "state": "starter" if cut else "uploaded",
            "data": data[: len(data) // 2] if cut else data,
        }
        self.send({"error": "bad gateway"} if cut else {"id": key, "name": name}, status=502 if cut else 201)

    def fetched(self, _data: bytes, key: str) -> None:
        self.send(self.assets[int(key)]["data"])

    def deleted(self, _data: bytes, key: str) -> None:
        del self.assets[int(key)]
        self.send(status=204)

    def public(self, _data: bytes, tag: str, name: str) -> None:
        release = next((item for item in self.releases if item["tag_name"] == tag and not item["draft"]), None)
        found = [item for item in self.assets.values() if release and item["release"] == release["id"]]
        data = next((item["data"] for item in found if item["name"] == name), None)
        self.send(data if data is not None else {"error": "not found"}, status=200 if data is not None else 404)
