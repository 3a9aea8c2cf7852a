"""What a site was built from besides its packs, published beside it, so that anyone can build it again.

`source/site.json` names the program and every source by digest; `source/files/` holds the sources. What is said about
a pack (`packs/attestations/`) lies in one file for each pack. `source/site.dsse.json` is a publisher's signature over
`site.json`, made by a command and copied.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from proofpress import __version__
from proofpress.build.listings import ListingUnit
from proofpress.build.site import digest
from proofpress.discovery import attested_files, rule_files
from proofpress.evidence.jsontext import published_json
from proofpress.resources import packaged
from proofpress.site.frame_inputs import read_site_config, tree_files
from proofpress.site.publish import OutputFile

SCHEMA: Final = "proofpress.site-source/1"
FOLDER: Final = "source/"
STATEMENT: Final = f"{FOLDER}site.json"
SIGNATURE: Final = f"{FOLDER}site.dsse.json"
SIGNATURE_FILE: Final = "packs/attestations/site.dsse.json"
PREDICATE: Final = "https://proofpress.example/site/v1"
LIBRARIES: Final = (
    *("jinja2", "markdown", "markdown-it-py", "markupsafe", "mkdocs", "mkdocs-material", "nh3", "pygments"),
    *("pymdown-extensions", "pyyaml"),
)
"""Libraries whose version can show in a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The sources of a site: files by their path in the instance, and what `site.json` says besides."""

    files: tuple[tuple[str, bytes], ...]
    shipped_overrides: str
    environment: tuple[str, ...]
    outside: tuple[str, ...]

    def statement(self, packs: Sequence[tuple[str, str]], attested: Sequence[tuple[str, str]]) -> bytes:
        """`site.json`. `packs` are (label, pack id), `attested` (path, sha256)."""
        attested = [item for item in attested if item[0] != SIGNATURE_FILE]
        value: dict[str, Any] = {
            "schema": SCHEMA,
            "generated_by": f"proofpress {__version__}",
            "libraries": {name: version(name) for name in LIBRARIES},
            "shipped_overrides": self.shipped_overrides,
            "environment": list(self.environment),
            "outside": list(self.outside),
            "packs": {"count": len(packs), "sha256": pairs_digest(packs)},
            "attestations": {"count": len(attested), "sha256": pairs_digest(attested)},
            "files": [
                {"path": name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
                for name, data in self.files
            ],
        }
        return published_json(value)


def pairs_digest(pairs: Sequence[tuple[str, str]]) -> str:
    """One digest of sorted pairs of texts."""
    return hashlib.sha256(json.dumps(sorted(pairs)).encode()).hexdigest()


def read_sources(root: Path) -> Sources:
    """Everything that a build of an instance reads besides packs and attestations."""
    config = read_site_config(root)
    home = root.absolute()
    found: dict[str, bytes] = dict(rule_files(root))
    if (home / "templates").resolve() == packaged("templates").resolve():  # a checkout of the program itself
        found = {name: data for name, data in found.items() if not name.startswith("templates/")}
    outside: list[str] = []
    shipped = ""
    paths = [*config.files, *config.hooks]
    trees = [config.docs_dir]
    if config.custom_dir is not None:
        if _same_tree(config.custom_dir, packaged("overrides")):
            shipped = _below(config.custom_dir, home) or ""
        else:
            trees.append(config.custom_dir)
    for tree in trees:
        paths += [path for _name, path in tree_files(tree)] if tree.is_dir() else []
    for path in paths:
        name = _below(path, home)
        if name is None:
            outside.append(path.name)
        else:
            found[name] = path.read_bytes()
    return Sources(
        files=tuple(sorted(found.items())),
        shipped_overrides=shipped,
        environment=tuple(name for name, _value in config.environment),
        outside=tuple(sorted(outside)),
    )


def source_files(root: Path, sources: Sources, statement: bytes) -> Iterator[OutputFile]:
    """The published sources, without attestations."""
    yield OutputFile(path=STATEMENT, data=statement)
    for name, data in sources.files:
        yield OutputFile(path=f"{FOLDER}files/{name}", data=data)
    signature = root / SIGNATURE_FILE
    if signature.is_file() and not signature.is_symlink():
        yield OutputFile(path=SIGNATURE, data=signature.read_bytes())


def attested_by_pack(attested: Sequence[tuple[str, str]]) -> Mapping[str, tuple[tuple[str, str], ...]]:
    """(path, sha256) of what is said about each pack, by the hex of its id."""
    found: dict[str, list[tuple[str, str]]] = {}
    for path, sha256 in attested:
        parts = path.split("/")
        if len(parts) > 3 and len(parts[2]) == 64:
            found.setdefault(parts[2], []).append((path, sha256))
    return {name: tuple(items) for name, items in found.items()}


def attestation_file(root: Path, hexed: str, paths: Sequence[str]) -> OutputFile:
    """What is said about one pack: the texts of its attestations by their path in the instance."""
    texts = {path: (root / path).read_text("utf-8") for path in paths}
    return OutputFile(path=attestations_at(hexed), data=published_json({"schema": SCHEMA, "files": texts}))


def attestations_at(hexed: str) -> str:
    """Where the attestations of a pack are published."""
    return f"{FOLDER}attestations/{hexed}.json"


def source_units(root: Path, packs: Sequence[tuple[str, str]]) -> tuple[ListingUnit, ...]:
    """The units of the site that publish its sources. `packs` are (label, pack id)."""
    sources = read_sources(root)
    attested = attested_files(root)
    signature = dict(attested).get(SIGNATURE_FILE, "")
    statement = sources.statement(packs, attested)
    units = [
        ListingUnit(
            name="source/site",
            key=digest(hashlib.sha256(statement).hexdigest(), signature),
            files=lambda: source_files(root, sources, statement),
        )
    ]
    for hexed, items in attested_by_pack(attested).items():
        units.append(
            ListingUnit(
                name=f"source/attestations/{hexed}",
                key=digest(SCHEMA, items),
                files=lambda hexed=hexed, items=items: iter(  # type: ignore[misc]
                    (attestation_file(root, hexed, [path for path, _sha256 in items]),)
                ),
            )
        )
    return tuple(units)


def _below(path: Path, home: Path) -> str | None:
    try:
        return path.resolve().relative_to(home.resolve()).as_posix()
    except ValueError:
        return None


def _same_tree(one: Path, other: Path) -> bool:
    if not one.is_dir():
        return False
    mine, theirs = dict(tree_files(one)), dict(tree_files(other))
    return mine.keys() == theirs.keys() and all(mine[name].read_bytes() == theirs[name].read_bytes() for name in mine)
