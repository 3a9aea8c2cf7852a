"""`repair_pack`: plan a repair on a copy, and put the copy in its place when that was asked for."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from proofpress.errors import IngestError, UsageError
from proofpress.evidence.finding import Finding
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import CHECKSUMS, MANIFEST
from proofpress.ingest import LoadedPack, load_pack, source_of
from proofpress.pack.writer import write_text
from proofpress.pipeline import Rules, bundles_of, is_registered, label_of, rules_at
from proofpress.repair.plan import Step
from proofpress.repair.run import open_run
from proofpress.repair.workshop import Workshop
from proofpress.verify.identity_graph import WHERE, identity_graph


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What a repair did, or would do. `target` is the folder of the repaired pack; `left` the errors that stay."""

    label: str
    target: Path
    registered: bool
    applied: bool
    sealed: bool
    steps: tuple[Step, ...]
    left: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether the repaired pack verifies."""
        return not self.left


def repair_pack(root: Path, folder: Path, *, run: Path | None, apply: bool, into: Path | None) -> Repair:
    """Plan how a pack agrees again with what was recorded of its run; with `apply`, do it.

    A registered pack is never changed: its repair is a new bundle in a folder of its own. Values are never edited;
    what no record gives is listed with the command that makes it. Raises `UsageError` and `IngestError`.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such pack folder", hint="unpack an archive first, and name its folder")
    rules = rules_at(root)
    label = label_of(folder.absolute())
    loaded = load_pack(source_of(folder, label=label))
    first = rules.judge(loaded)
    registered = is_registered(root, folder, rules)
    if not first.errors:
        return Repair(label=label, target=folder, registered=registered, applied=False, sealed=True, steps=(), left=())
    target, bundle = _target(root, folder, into, registered=registered)
    recorded = open_run(run) if run is not None else None
    with TemporaryDirectory(prefix="repair-") as place:
        copy = Path(place) / target.name
        _copy(folder, copy)
        workshop = Workshop(
            folder=copy,
            label=label_of(target.absolute()),
            rules=rules,
            profile=_profile(rules, loaded),
            first=first,
            diagnosis=identity_graph(loaded.evidence, loaded.raw).diagnosis if loaded.evidence else (),
            run=recorded,
        )
        if bundle:
            workshop.steps.append(_as_bundle(copy, bundle, first.errors))
            workshop.settled.add(WHERE["release"])
        left = workshop.repair()
        if apply:
            _install(copy, target)
    notes = tuple(
        f"{file} of the run folder was not used: {why}" for file, why in (recorded.trouble if recorded else ())
    )
    return Repair(
        label=workshop.label,
        target=target,
        registered=registered,
        applied=apply,
        sealed=workshop.sealed,
        steps=tuple(workshop.steps),
        left=left,
        notes=notes,
    )


def _target(root: Path, folder: Path, into: Path | None, *, registered: bool) -> tuple[Path, int | None]:
    """Where the repaired pack goes, and its bundle number when it is a new bundle."""
    if into is not None and into.exists():
        raise UsageError(f"{into} is there already", hint="name a folder that does not exist yet")
    release_id, _, _ = folder.name.partition(".b")
    if not registered:
        _, _, number = (into or folder).name.partition(f"{release_id}.b")
        return into or folder, int(number) if into is not None and number.isdigit() else None
    known = [*(path.name for path in folder.parent.iterdir()), *bundles_of(root)]
    numbers = [int(number) for name in known if (number := name.partition(f"{release_id}.b")[2]).isdigit()]
    bundle = max([1, *numbers]) + 1
    target = into or folder.with_name(f"{release_id}.b{bundle}")
    if target.name != f"{release_id}.b{bundle}":
        raise UsageError(
            f"{folder.name} is registered: its repair is the bundle {release_id}.b{bundle}",
            hint=f"end the name that --into gives with {release_id}.b{bundle}",
        )
    return target, bundle


def _profile(rules: Rules, loaded: LoadedPack) -> str:
    """The pack's profile, or the policy's for a pack without a manifest that says one."""
    known = rules.profiles.names()
    if loaded.evidence is not None and loaded.evidence.manifest.profile in known:
        return loaded.evidence.manifest.profile
    family = rules.policy.families.get(loaded.raw.label.partition("/")[0])
    return family.least_profile if family else rules.policy.default_profile


def _as_bundle(copy: Path, bundle: int, failed: Sequence[Finding]) -> Step:
    """State the bundle's number in `release.json`; the bundle's folder is named after it."""
    path = WHERE["release"]
    release = load_pack(source_of(copy)).values.get(path)
    if not isinstance(release, dict):
        raise UsageError(
            f"{copy.name}: release.json can't be read, so no bundle can be made of it",
            hint="restore release.json of the registered pack first",
        )
    fields = [(name, value) for name, value in release.items() if name != "bundle"]
    place = next((index for index, (name, _value) in enumerate(fields) if name == "release_id"), 1) + 1
    write_text(copy, path, dump_json(dict([*fields[:place], ("bundle", bundle), *fields[place:]])))
    why = "a registered pack is never changed: its correction is a new bundle"
    return Step(action="regenerate", path=path, reason=failed[0].rule, why=why, source=f"bundle number {bundle}")


def _copy(folder: Path, copy: Path) -> None:
    try:
        shutil.copytree(folder, copy, symlinks=True)
    except (OSError, shutil.Error) as exc:
        raise IngestError(
            f"{folder}: can't be copied ({exc})", hint="remove what is no plain file, then plan the repair again"
        ) from exc


def _install(copy: Path, target: Path) -> None:
    """Bring the target to what the copy is: new whole, or file by file, the manifest and its checksums last."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(copy, target, symlinks=True)
        return
    made = {path.relative_to(copy).as_posix(): path for path in copy.rglob("*") if path.is_file()}
    for path in sorted(made, key=lambda path: (path in {MANIFEST, CHECKSUMS}, path)):
        there = target / path
        if not there.is_file() or there.stat().st_size != made[path].stat().st_size or not _same(there, made[path]):
            there.parent.mkdir(parents=True, exist_ok=True)
            staged = there.with_name(f".{there.name}.part")
            shutil.copyfile(made[path], staged)
            staged.replace(there)
    for old in sorted(target.rglob("*")):
        if old.is_file() and old.relative_to(target).as_posix() not in made:
            old.unlink()


def _same(left: Path, right: Path) -> bool:
    with left.open("rb") as one, right.open("rb") as other:
        while piece := one.read(1 << 20):
            if piece != other.read(1 << 20):
                return False
    return True
