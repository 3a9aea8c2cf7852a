"""Two hubs: Hugging Face by its own library, GitHub releases by their REST API. Tokens come from the environment.

The library finds its token itself (`HF_TOKEN`, or its login) and its address in `HF_ENDPOINT`; GitHub's token is
`GITHUB_TOKEN` or `GH_TOKEN`, the address of its API `GITHUB_API_URL`. None of it is written anywhere.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import requests

from proofpress.errors import UsageError
from proofpress.evidence.publication import Destination
from proofpress.publication.targets import TargetError, digest_of

_TIMEOUT: Final = 60.0
_GITHUB: Final = "https://api.github.com"
_PASSING: Final = frozenset({408, 409, 429, 500, 502, 503, 504})


class HuggingFaceTarget:
    """A revision of a repository on the Hugging Face Hub. Each file is a commit; `main` is never touched."""

    def __init__(self, place: Destination) -> None:
        try:
            from huggingface_hub import HfApi  # noqa: PLC0415 - an optional library
            from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415
        except ImportError as exc:
            hint = "pip install 'proofpress[hub]'"
            raise UsageError("the library of the Hugging Face Hub is missing", hint=hint) from exc
        self._api = HfApi()
        self._errors = (HfHubHTTPError, OSError, ValueError)
        self._repository, self._kind, self._revision = place.to, place.kind, place.revision

    def _asked(self, what: str, method: str, **arguments: Any) -> Any:
        try:
            return getattr(self._api, method)(repo_id=self._repository, repo_type=self._kind, **arguments)
        except self._errors as exc:
            status = getattr(getattr(exc, "response", None), "status_code", 0)
            raise _failed(self._repository, what, status, exc) from exc

    def begin(self) -> None:
        """The branch is made when it is not there."""
        self._asked("make a branch", "create_branch", branch=self._revision, exist_ok=True)

    def digest(self, name: str) -> tuple[str, int] | None:
        """The file's own bytes, as the hub serves them."""
        if not self._asked("look for a file", "file_exists", filename=name, revision=self._revision):
            return None
        with tempfile.TemporaryDirectory() as folder:
            wanted = {"filename": name, "revision": self._revision, "local_dir": folder, "force_download": True}
            found = self._asked("fetch a file", "hf_hub_download", **wanted)
            with Path(found).open("rb") as stream:
                return digest_of(stream)

    def put(self, name: str, source: Path) -> None:
        """One commit on the branch."""
        self._asked(
            "upload a file",
            "upload_file",
            path_or_fileobj=str(source),
            path_in_repo=name,
            revision=self._revision,
            commit_message=f"Add {name}",
        )

    def names(self) -> frozenset[str]:
        """Every file of the branch but the hub's own settings."""
        listed = self._asked("list files", "list_repo_files", revision=self._revision)
        return frozenset(listed) - {".gitattributes"}

    def finish(self) -> None:
        """Nothing more: the branch is the release's own."""


class GitHubTarget:
    """The assets of a GitHub release, which stays a draft until everything is there and compared."""

    def __init__(self, place: Destination) -> None:
        token = os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN")
        if not token:
            raise UsageError("GitHub releases need a token", hint="set GITHUB_TOKEN; it is never written anywhere")
        self._repository, self._tag = place.to, place.revision
        self._base = f"{os.environ.get('GITHUB_API_URL', _GITHUB).rstrip('/')}/repos/{place.to}"
        self._client = requests.Session()
        self._client.trust_env = False
        self._client.headers.update(
            {
                "Authorization": f"Bearer {token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
            }
        )
        self._release: dict[str, Any] = {}

    def _call(self, method: str, url: str, **arguments: Any) -> requests.Response:
        try:
            answer = self._client.request(method, url, timeout=_TIMEOUT, **arguments)
        except requests.RequestException as exc:
            raise _failed(self._repository, method, 0, exc) from exc
        if answer.status_code >= 400:
            raise _failed(self._repository, method, answer.status_code, None)
        return answer

    def _pages(self, url: str) -> Iterator[dict[str, Any]]:
        """Every item of a list, page after page."""
        next_url: str | None = url
        while next_url:
            answer = self._call("GET", next_url, params={"per_page": 100} if next_url == url else None)
            yield from answer.json()
            next_url = answer.links.get("next", {}).get("url")

    def begin(self) -> None:
        """The draft of this tag, or the published release, or a new draft."""
        found = next((item for item in self._pages(f"{self._base}/releases") if item["tag_name"] == self._tag), None)
        if found is None:
            new = {"tag_name": self._tag, "name": self._tag, "draft": True}
            found = self._call("POST", f"{self._base}/releases", json=new).json()
        self._release = dict(found)

    def _assets(self) -> dict[str, dict[str, Any]]:
        if not self._release:
            self.begin()
        return {item["name"]: item for item in self._pages(f"{self._base}/releases/{self._release['id']}/assets")}

    def digest(self, name: str) -> tuple[str, int] | None:
        """The asset's own bytes; one whose upload was cut off counts as nothing."""
        asset = self._assets().get(name)
        if asset is None or asset.get("state") != "uploaded":
            return None
        headers = {"Accept": "application/octet-stream"}
        with self._call("GET", asset["url"], headers=headers, stream=True) as answer:
            answer.raw.decode_content = True
            return digest_of(answer.raw)

    def put(self, name: str, source: Path) -> None:
        """A new asset, in place of a draft's earlier one. The assets of a published release are never replaced."""
        if (earlier := self._assets().get(name)) is not None:
            if not self._release.get("draft"):
                raise TargetError(
                    f"{self._repository}: {name} of the published release {self._tag} has other bytes",
                    hint="what was announced is not replaced: publish a new bundle",
                    passing=False,
                )
            self._call("DELETE", earlier["url"])
        url = f"{self._release['upload_url'].partition('{')[0]}?name={quote(name)}"
        with source.open("rb") as stream:
            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(source.stat().st_size)}
            self._call("POST", url, data=stream if source.stat().st_size else b"", headers=headers)

    def names(self) -> frozenset[str]:
        """The names of all assets."""
        return frozenset(self._assets())

    def finish(self) -> None:
        """The draft becomes public."""
        if self._release.get("draft"):
            url = f"{self._base}/releases/{self._release['id']}"
            self._release = dict(self._call("PATCH", url, json={"draft": False}).json())


def _failed(repository: str, what: str, status: int, exc: Exception | None) -> TargetError:
    """The text of a library's error may hold addresses with tokens in them: only its kind and the status are told."""
    said = f"HTTP status {status}" if status else type(exc).__name__
    if status in {401, 403, 404}:
        hint = "check the repository's name, and that the token may write to it"
        return TargetError(f"{repository}: {what}: {said}", hint=hint, passing=False)
    passing = not status or status in _PASSING
    return TargetError(f"{repository}: {what}: {said}", hint="run the command again; it resumes", passing=passing)
