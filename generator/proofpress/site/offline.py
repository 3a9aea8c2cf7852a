"""A finished site → a folder that opens from `file://`: links name their files, search and comparison read scripts.

The copy is a function of the site alone. The permanent addresses in it stay those of the published site.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from html import escape, unescape
from pathlib import Path
from posixpath import join, normpath
from typing import Final

from proofpress.errors import PublishError

MARKER: Final = ".proofpress-offline"
SCRIPT: Final = "assets/proofpress/offline.js"
SEARCH: Final = "search/search_index.json"
_LEFT_OUT: Final = frozenset({".proofpress", "404.html"})
_COMPARED: Final = ("api/v1/index.json", "api/v1/families/", "api/v1/releases/")
_TAG: Final = re.compile(
    r"""<!--.*?-->|<(script|style)\b(?:[^>"']|"[^"]*"|'[^']*')*>.*?</\1\s*>|<[a-z](?:[^>"']|"[^"]*"|'[^']*')*>""",
    re.DOTALL | re.IGNORECASE,
)
_HREF: Final = re.compile(r"""(\s(?:href|action)=)(["'])(.*?)\2""", re.DOTALL | re.IGNORECASE)
_REFRESH: Final = re.compile(r"""(\scontent=["']\d+; url=)([^"']*)""")


def offline_page(name: str, html: str, files: frozenset[str]) -> str:
    """A page of the copy: relative links to a folder name its `index.html`; what lies outside the site stays."""

    def named(address: str) -> str:
        address = unescape(address)
        path, mark, rest = re.fullmatch(r"([^?#]*)([?#]?)(.*)", address, re.DOTALL).groups()  # type: ignore[union-attr]
        if not path or re.match(r"[a-z][a-z0-9+.-]*:|/", path, re.IGNORECASE):
            return escape(address)
        if path.endswith("/") or path.rpartition("/")[2] in {".", ".."}:
            folder = normpath(join(name.rpartition("/")[0], path))
            target = "index.html" if folder == "." else f"{folder}/index.html"
            if target in files:
                path = f"{path.rstrip('/')}/index.html"
        return escape(path + mark + rest)

    def tag(match: re.Match[str]) -> str:
        text = match[0]
        if match[1] or text.startswith("<!--"):
            return text
        if "http-equiv" in text:
            return _REFRESH.sub(lambda found: found[1] + named(found[2]), text)
        return _HREF.sub(lambda found: f"{found[1]}{found[2]}{named(found[3])}{found[2]}", text)

    text = _TAG.sub(tag, html)
    root = "../" * name.count("/")
    return text.replace("</head>", f'<script src="{root}{SCRIPT}"></script>\n</head>', 1)


def offline_search(text: str) -> str:
    """The search index as the script that the theme loads from a folder, its places naming files."""
    index = json.loads(text)
    for entry in index["docs"]:
        path, mark, anchor = entry["location"].partition("#")
        if not path or path.endswith("/"):
            entry["location"] = f"{path}index.html{mark}{anchor}"
    return f"var __index = {json.dumps(index, ensure_ascii=False, separators=(',', ':'))};\n"


def write_offline(site: Path, target: Path) -> int:
    """Write the copy, replacing an earlier one; returns the number of files.

    Raises `PublishError` when the target is no folder of ours, or lies in the site.
    """
    if target.resolve() == site.resolve() or site.resolve() in target.resolve().parents:
        raise PublishError(f"{target}: lies in the site", hint="name a folder beside it")
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise PublishError(f"{target}: not a folder", hint="name another one")
    if target.exists() and any(target.iterdir()) and not (target / MARKER).is_file():
        raise PublishError(
            f"{target}: not written by proofpress, and not empty", hint="name another folder or remove this one"
        )
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        count = _fill(site, part)
        shutil.rmtree(target, ignore_errors=True)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return count


def _fill(site: Path, part: Path) -> int:
    files = frozenset(_files(site))
    part.mkdir(parents=True)
    count = 0
    for name in sorted(files):
        if name in _LEFT_OUT:
            continue
        source, copy = site / name, part / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        count += 1
        if name.endswith(".html"):
            copy.write_text(offline_page(name, source.read_text("utf-8"), files), encoding="utf-8", newline="")
            continue
        shutil.copyfile(source, copy)
        if name == SEARCH:
            copy.with_suffix(".js").write_text(offline_search(source.read_text("utf-8")), encoding="utf-8", newline="")
            count += 1
        elif name.startswith(_COMPARED):
            said = json.dumps(source.read_text("utf-8"), ensure_ascii=True)
            script = f"proofpressTexts[{json.dumps(name)}] = {said};\n"
            copy.with_name(f"{copy.name}.js").write_text(script, encoding="utf-8", newline="")
            count += 1
    (part / MARKER).write_bytes(b"A copy of a site for file://, replaced as a whole by proofpress build --offline.\n")
    return count


def _files(site: Path) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        raise PublishError(f"{error.filename}: can't be listed ({error.strerror})") from error

    for below, _folders, names in os.walk(site, onerror=refuse):
        for name in names:
            yield Path(below, name).relative_to(site).as_posix()
