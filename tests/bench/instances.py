"""Generated instances to measure, each made once for a state of packs/ and of the generator."""

import hashlib
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import Cost, run, warm

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
STORE = REPOSITORY / "build" / "bench"
QUIET = {"NO_MKDOCS_2_WARNING": "1"}
PROOFPRESS = (sys.executable, "-m", "proofpress")
EXTRA = 4
"""Releases that are kept apart, to be added."""
HUGO_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>{{ .Title }}</title><body>{{ .Content }}</body></html>\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A generated instance with its peer's pages."""

    folder: Path
    facts: dict[str, Any]

    @property
    def root(self) -> Path:
        """Where proofpress runs."""
        return self.folder / "instance"

    @property
    def peer(self) -> Path:
        """Where MkDocs runs."""
        return self.folder / "peer"

    @property
    def _log(self) -> Path:
        return self.root / "packs" / "registry" / "log"

    def fresh(self) -> None:
        """Neither site nor state, and no more than the first releases. Old trees are moved, since deleting them
        makes the file system slow for what comes next.
        """
        trash = self.folder / "trash"
        trash.mkdir(exist_ok=True)
        for path in (self.root / "site", self.root / "build", self.peer / "site", self.folder / "hugo" / "public"):
            if path.exists():
                path.rename(trash / f"{len(list(trash.iterdir()))}-{path.name}")
        for label in self.facts["extra"]:
            if (self.root / "packs" / label).exists():
                shutil.rmtree(self.root / "packs" / label)
        self._exchange_log("log")

    def build(self, *, jobs: int, sample_memory: bool = False) -> Cost:
        """`proofpress build`."""
        return run((*PROOFPRESS, "build", "--jobs", str(jobs)), cwd=self.root, sample_memory=sample_memory)

    def add(self, number: int) -> None:
        """One more release: its pack, and its events in the registry."""
        label = self.facts["extra"][number]
        shutil.copytree(self.folder / "extra" / label, self.root / "packs" / label)
        self._exchange_log(f"{number}.log")

    def _exchange_log(self, name: str) -> None:
        shutil.rmtree(self._log)
        shutil.copytree(self.folder / "extra" / name, self._log)

    def mkdocs(self) -> Cost:
        """`mkdocs build` of the same documents."""
        return run((sys.executable, "-m", "mkdocs", "build", "-q"), cwd=self.peer, env=QUIET)

    def hugo(self) -> Cost:
        """Hugo with a theme of one line on the same documents. Raises `CommandError` when it can't."""
        folder = self.folder / "hugo"
        if not (folder / "content").exists():
            (folder / "layouts" / "_default").mkdir(parents=True)
            settings = 'disableKinds = ["taxonomy", "term", "RSS", "sitemap"]\n'
            (folder / "config.toml").write_text(settings, encoding="utf-8")
            for name in ("single", "list"):
                (folder / "layouts" / "_default" / f"{name}.html").write_text(HUGO_PAGE, encoding="utf-8")
            shutil.copytree(self.peer / "docs" / "releases", folder / "content" / "releases")
        return run(("hugo", "--quiet"), cwd=folder)


def instance_of(releases: int) -> Instance:
    """The instance with so many releases; made once for each state of packs/ and the generator."""
    folder = STORE / f"{_inputs_digest()[:12]}-{releases}"
    facts = folder / "facts.json"
    if not facts.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        say(f"generating {releases} releases")
        command = (sys.executable, str(HERE / "generate.py"), str(folder))
        jobs = str(len(os.sched_getaffinity(0)))
        run((*command, "--releases", str(releases), "--extra", str(EXTRA), "--jobs", jobs), cwd=folder)
    found = Instance(folder=folder, facts=json.loads(facts.read_text(encoding="utf-8")))
    found.fresh()
    warm(found.root, found.peer, found.folder / "extra")
    return found


def _inputs_digest() -> str:
    """Real packs hold their rendered documents, so a changed rendering changes this too."""
    digest = hashlib.sha256()
    folders = [REPOSITORY / "packs", REPOSITORY / "site_src", REPOSITORY / "mkdocs.yml"]
    paths = [path for folder in folders for path in (sorted(folder.rglob("*")) if folder.is_dir() else [folder])]
    for path in [*paths, HERE / "clones.py", HERE / "generate.py"]:
        if path.is_file():
            digest.update(path.relative_to(REPOSITORY).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def tidy() -> None:
    """Remove what runs left behind, and instances of older states of the packs."""
    current = _inputs_digest()[:12]
    for path in STORE.iterdir():
        if current not in path.name:
            shutil.rmtree(path)
        elif (path / "trash").exists():
            shutil.rmtree(path / "trash")


def say(text: str) -> None:
    """Tell how far a measurement is; results go to the standard output."""
    sys.stderr.write(f"  {text}\n")
    sys.stderr.flush()
