"""Which packs an instance holds. Imports little, because a build in which nothing changed begins and ends here."""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from proofpress.errors import IngestError, UsageError
from proofpress.evidence.finding import Finding

RESERVED = ("attestations", "platforms", "profiles", "registry")
"""Folders of `packs/` that hold no packs."""
_LOOSE = frozenset({"policy.yaml", "publication.yaml", "withdrawn.yaml", "README.md", ".gitattributes", ".gitignore"})


@dataclass(frozen=True, slots=True, order=True)
class PackRef:
    """Where one pack lies; `label` is `<family>/<folder name>`."""

    label: str
    path: Path

    @property
    def family(self) -> str:
        """Name of the folder above the pack."""
        return self.label.partition("/")[0]

    @property
    def bundle_id(self) -> str:
        """Name of the pack's folder or archive."""
        return self.label.partition("/")[2]


def find_packs(root: Path) -> tuple[tuple[PackRef, ...], tuple[Finding, ...]]:
    """All packs of an instance, sorted, and findings for what can't be one. Links are never followed."""
    packs = root / "packs"
    if not packs.is_dir():
        raise UsageError(
            f"{root} is no instance: it has no folder 'packs'",
            hint="go to an instance's folder, or name it with -C DIR",
        )
    refs: list[PackRef] = []
    findings: list[Finding] = []
    for family in listing(packs):
        kind = family.stat(follow_symlinks=False).st_mode
        if not stat.S_ISDIR(kind):
            if family.name not in _LOOSE:
                findings.append(_stranger(f"packs/{family.name}", kind))
            continue
        if family.name in RESERVED:
            continue
        for item in listing(Path(family.path)):
            label = f"{family.name}/{item.name}"
            kind = item.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(kind):
                refs.append(PackRef(label, Path(item.path)))
            elif stat.S_ISREG(kind) and item.name.endswith(".zip"):
                refs.append(PackRef(label.removesuffix(".zip"), Path(item.path)))
            elif item.name not in _LOOSE:
                findings.append(_stranger(f"packs/{label}", kind))
    return tuple(sorted(refs)), tuple(findings)


def listing(folder: Path) -> list[os.DirEntry[str]]:
    """What a folder holds, by name. Raises `IngestError` when it can't be listed."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as exc:
        raise IngestError(f"{folder}: can't be listed ({exc.strerror})") from exc


def _stranger(path: str, mode: int) -> Finding:
    what = "symbolic link" if stat.S_ISLNK(mode) else "file" if stat.S_ISREG(mode) else "special file"
    return Finding(
        rule="XPK003",
        file=path,
        message=f"a {what} where only packs are expected",
        expected="folders packs/<family>/<release id>, or zip archives",
        found=what,
        hint="move it out of packs/",
    )


def rule_files(root: Path) -> tuple[tuple[str, bytes], ...]:
    """Name and bytes of everything under `packs/` that judges packs or says what became of them: policy, profiles, own
    template sets, registry, withdrawn pages."""
    packs = root / "packs"
    registry = [packs / "registry" / name for name in ("log", "platforms", "policies", "receipts", "statements")]
    folders = [*registry, packs / "profiles", root / "templates"]
    below = [item for folder in folders if folder.is_dir() for item in sorted(folder.rglob("*"))]
    return tuple(
        (path.relative_to(root).as_posix(), path.read_bytes())
        for path in (packs / "policy.yaml", packs / "withdrawn.yaml", *below)
        if path.is_file() and not path.is_symlink() and not path.name.startswith(".")
    )


def registry_files(root: Path) -> tuple[tuple[str, bytes], ...]:
    """What the site publishes of the registry: place below its address, and bytes. Requests that wait are no part."""
    below = "packs/registry/"
    return tuple((name.removeprefix(below), data) for name, data in rule_files(root) if name.startswith(below))


def own_profiles(root: Path) -> tuple[tuple[str, bytes], ...]:
    """The profiles of an instance: their place below `packs/`, `profiles/<name>.yaml`, and their bytes."""
    below = "packs/profiles/"
    return tuple(
        (name.removeprefix("packs/"), data)
        for name, data in rule_files(root)
        if name.startswith(below) and name.endswith(".yaml") and "/" not in name.removeprefix(below)
    )


def attested_files(root: Path) -> tuple[tuple[str, str], ...]:
    """Name and sha256 of every file of `packs/attestations/`: what is said about packs, and shown beside them."""
    below = root / "packs" / "attestations"
    return tuple(
        (path.relative_to(root).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in (sorted(below.rglob("*")) if below.is_dir() else ())
        if path.is_file() and not path.is_symlink()
    )
