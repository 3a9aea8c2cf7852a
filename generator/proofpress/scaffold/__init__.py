"""`proofpress init`: the skeleton of an instance for one family. What nobody knows yet stays empty, and is refused."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from proofpress.errors import UsageError
from proofpress.evidence.policy import Profile
from proofpress.verify.profile import Profiles

_FAMILY: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_NEEDED: Final = {
    "inputs/dataset.yaml": "dataset",
    "inputs/params.yaml": "training",
    "inputs/params.schema.json": "preflight",
    "inputs/model.yaml": "model",
    "inputs/evaluation.yaml": "evaluation",
    "inputs/surface.yaml": "interface",
    "inputs/release.yaml": "release",
    "inputs/risks.yaml": "risks",
    "inputs/monitoring.yaml": "monitoring_plan",
    "inputs/failure-modes.yaml": "failure_modes",
    "inputs/guardrails.yaml": "guardrails",
}
"""Files that stand in an instance only when its profile asks for the document that is made from them."""
_DEMO: Final = (
    "demo run $PACK --command 'python demo/predict.py model/weights.json demo/inputs.jsonl demo/answers.jsonl'"
)
_ASSURANCE: Final = (
    "--risks inputs/risks.yaml --monitoring inputs/monitoring.yaml --failure-modes inputs/failure-modes.yaml "
    "--guardrails inputs/guardrails.yaml"
)
_INPUTS: Final = """\
`inputs/` holds what people write for the builders. Every value in it is empty, and a builder refuses it until it says
something. The rest of a pack is computed from real files: `data/` is yours, `run/` and `run-results/` are what your
training program writes (`run.json`, `params.yaml` and `model/`; per-example results and measured costs).
`proofpress COMMAND --help` says what a command reads."""
_IMPORTED: Final = "Packs are imported from the packages of the project that made the model."
_PROFILE: Final = "packs/profiles/family.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skeleton:
    """The files of a new instance by path, and the commands that make its first pack, in order."""

    family: str
    profile: str
    files: dict[str, str]
    commands: tuple[str, ...]


def skeleton(family: str, profile: str) -> Skeleton:
    """The instance of a family whose packs obey a profile that ships. Raises `UsageError` for a bad name."""
    if not _FAMILY.fullmatch(family):
        raise UsageError(
            f"'{family}' can't name a family", hint="name one of lower-case letters, digits and hyphens with --family"
        )
    chain = Profiles().chain(profile)
    documents = {name for item in chain for name in item.documents}
    commands = tuple(_commands(family, chain, documents))
    imported = any(item.identities for item in chain)
    inputs = _IMPORTED if imported else _INPUTS
    words = {"inputs": inputs, "family": family, "profile": profile, "commands": "\n".join(commands)}
    found = {}
    for path, text in _texts(files("proofpress.scaffold") / "files"):
        if path.startswith("inputs/") and (imported or _NEEDED[path] not in documents):
            continue
        for name, value in words.items():
            text = text.replace(f"@{name}@", value)  # noqa: PLW2901 - one text, all words
        found[f"packs/profiles/{family}-release.yaml" if path == _PROFILE else path] = text
    return Skeleton(family=family, profile=profile, files=dict(sorted(found.items())), commands=commands)


def write_skeleton(folder: Path, made: Skeleton) -> None:
    """Write a new instance. Raises `UsageError` when one of its files is there already; then nothing is written."""
    if there := [path for path in made.files if (folder / path).exists() or (folder / path).is_symlink()]:
        raise UsageError(f"{folder.name}/{there[0]} is there already", hint="name a folder that holds no instance")
    for path, text in made.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def _texts(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, str]]:
    for item in folder.iterdir():
        if item.is_dir():
            yield from _texts(item, f"{prefix}{item.name}/")
        else:
            yield f"{prefix}{item.name}", item.read_text(encoding="utf-8")


def _commands(family: str, chain: Sequence[Profile], documents: set[str]) -> Iterator[str]:
    """The commands that make a first pack with every document that a profile asks for, and what it takes to see it."""
    yield f"PACK=packs/{family}/{family}-v0.1.0-r1 && mkdir -p $PACK"
    if any(profile.identities for profile in chain):
        yield "proofpress import genolewm --model-dir model --dataset-dir dataset --demo-dir demo --into $PACK"
    else:
        yield from _builders(family, chain, documents)
    yield "proofpress verify $PACK"
    yield "proofpress check && proofpress build"


def _builders(family: str, chain: Sequence[Profile], documents: set[str]) -> Iterator[str]:
    steps = (
        ("dataset", "pack dataset $PACK --spec inputs/dataset.yaml --inputs data.csv=data/data.csv"),
        ("preflight", "preflight $PACK --config inputs/params.yaml --schema inputs/params.schema.json"),
        ("training", "pack training run --into $PACK"),
        ("model", "pack model $PACK --metadata inputs/model.yaml"),
        ("evaluation", "pack eval $PACK --examples test=run-results/test.jsonl --config inputs/evaluation.yaml"),
        ("slices", f"slices $PACK --profile {family}-release"),
        ("efficiency", "pack efficiency $PACK --measurements run-results/costs.json"),
        ("demo", f"{_DEMO} --input demo/predict.py --input demo/inputs.jsonl --boundary 'What it does not show.'"),
        ("interface", "pack interface $PACK --surface inputs/surface.yaml"),
        ("release", f"pack release $PACK --profile {family}-release --metadata inputs/release.yaml"),
        ("risks", f"pack assurance $PACK {_ASSURANCE}"),
        ("risks", f"pack release $PACK --profile {family}-release"),
    )
    wanted = documents | ({"slices"} if any(profile.slice_suite for profile in chain) else set())
    yield from (f"proofpress {command}" for document, command in steps if document in wanted)
