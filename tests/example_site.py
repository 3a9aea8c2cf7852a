"""The example instance, copied and built as a user builds it, for a site below a path of its host."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
BELOW: Final = "some/base/"
SITE_URL: Final = f"https://proofpress.example/{BELOW}"
_URL: Final = "site_url: https://proofpress.example/\n"


def copy_instance(folder: Path, *, packs: bool = True) -> Path:
    """The example instance in a folder of its own, with an address below a path; without packs if so wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(ROOT / "site_src", folder / "site_src")
    if packs:
        shutil.copytree(ROOT / "packs", folder / "packs")
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert _URL in text
    (folder / "mkdocs.yml").write_text(text.replace(_URL, f"site_url: {SITE_URL}\n"), encoding="utf-8")
    return folder


def build(folder: Path, environment: Mapping[str, str] = {}) -> subprocess.CompletedProcess[str]:
    """`proofpress build` in a process of its own."""
    command = [sys.executable, "-m", "proofpress", "-C", str(folder), "build"]
    variables = {**os.environ, "PYTHONPATH": str(ROOT / "generator"), **environment}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=variables)


def built_example(folder: Path) -> Path:
    """The example site, built; its folder stands below `folder` as its address stands below the host."""
    instance = copy_instance(folder / "instance")
    done = build(instance)
    assert done.returncode == 0, done.stdout + done.stderr
    site = folder / "served" / BELOW
    site.parent.mkdir(parents=True)
    site.symlink_to(instance / "site")
    return site


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


@dataclass(slots=True)
class PageFacts:
    """What a page says of itself and where it points."""

    ids: list[str]
    references: list[str]
    headings: list[str]
    title: str
    description: str
    canonical: str
    styled: int


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.facts = PageFacts([], [], [], "", "", "", 0)
        self._inside = ""
        self._drawing = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "id" in found:
            self.facts.ids.append(found["id"])
        self.facts.styled += "style" in found
        self._drawing += tag == "svg"
        for name in ("href", "src"):
            if name in found and not (tag == "link" and found.get("rel") == "canonical"):
                self.facts.references.append(found[name])
        if tag == "link" and found.get("rel") == "canonical":
            self.facts.canonical = found.get("href", "")
        if tag == "meta" and found.get("name") == "description":
            self.facts.description = found.get("content", "")
        if tag == "h1":
            self.facts.headings.append("")
        if tag == "h1" or (tag == "title" and not self._drawing):
            self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._drawing -= tag == "svg"
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.facts.title += data
        elif self._inside == "h1":
            self.facts.headings[-1] += data


def read_page(html: bytes) -> PageFacts:
    """The facts of a page, by the standard library's parser."""
    reader = _Reader()
    reader.feed(html.decode())
    reader.close()
    return reader.facts


def pages(site: Path) -> Iterator[tuple[str, PageFacts]]:
    """Every HTML page of a site with its facts."""
    for path in sorted(site.rglob("*.html")):
        yield path.relative_to(site).as_posix(), read_page(path.read_bytes())
