"""Listed evidence: one row of a table for each kind of item that a release names, and its plain facts."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from proofpress.diff.change import ChangeKind, Direction
from proofpress.diff.fact import Fact, leaves
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import Evidence
from proofpress.evidence.values import Number
from proofpress.ingest.strict import pointer_of

Items = Iterable[tuple[str, str]]
"""Items of a kind: what each is called, and what is said of it. Without a name, the text is the item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """How the items of one kind are compared: the stem of their codes, the document that holds them, the direction.

    `document` is a field of `Evidence`; `items` is given its value and is not asked when there is none.
    """

    stem: str
    kind: ChangeKind
    noun: str
    document: str
    items: Callable[[Any], Items]
    changed: Direction = "neutral"
    gained: Direction | None = None
    lost: Direction | None = None


def _texts(field: str) -> Callable[[Any], Items]:
    return lambda document: (("", text) for text in getattr(document, field))


def _one(name: str, text: Callable[[Any], str | None]) -> Callable[[Any], Items]:
    return lambda document: ((name, found) for found in (text(document),) if found is not None)


def _leaves(value: Any) -> Items:
    return ((pointer_of(path), dump_json(leaf, indent=None).rstrip("\n")) for path, leaf in leaves(value, ()))


def _promises(stability: str) -> Callable[[Any], Items]:
    return lambda interface: (
        (f"{kind}: {item.name}", item.contract)
        for kind, _index, item in interface.surface()
        if item.stability == stability
    )


def _answers(interface: Any) -> Items:
    """Each fixed input with the digest of all its answers, so that a change of many is one change."""
    for fixed in interface.fixed_input_scores:
        digest = hashlib.sha256(dump_json(sorted(fixed.scores, key=_answer)).encode()).hexdigest()
        yield fixed.name, f"{len(fixed.scores)} answers with sha256:{digest} for the input sha256:{fixed.input_sha256}"


def _answer(score: Any) -> tuple[str, str]:
    return score.key, score.output


LISTED: Final[tuple[Listed, ...]] = (
    Listed(
        stem="IFC-INPUT",
        kind="interface",
        noun="Input",
        document="model",
        items=lambda model: ((item.name, f"{item.type} {item.shape}") for item in model.inputs),
        changed="unknown",
    ),
    Listed(
        stem="IFC-OUTPUT",
        kind="interface",
        noun="Output",
        document="model",
        items=lambda model: ((item.name, f"{item.type} {item.shape}") for item in model.outputs),
        changed="unknown",
        gained="neutral",
    ),
    Listed(
        stem="IFC-PROMISE",
        kind="interface",
        noun="The promise",
        document="interface",
        items=_promises("stable"),
        changed="unknown",
        gained="neutral",
    ),
    Listed(
        stem="IFC-EXPERIMENT",
        kind="interface",
        noun="The experimental name",
        document="interface",
        items=_promises("experimental"),
    ),
    Listed(
        stem="IFC-SCORES",
        kind="interface",
        noun="The fixed input",
        document="interface",
        items=_answers,
        lost="unknown",
    ),
    Listed(
        stem="REL-FEATURE",
        kind="interface",
        noun="A feature that the platform must offer",
        document="release",
        items=lambda release: (("", text) for text in release.compatibility.features),
        changed="unknown",
        lost="neutral",
    ),
    Listed(
        stem="REL-SCHEMA",
        kind="interface",
        noun="A schema that the platform must read",
        document="release",
        items=lambda release: (("", text) for text in release.compatibility.schemas),
        changed="unknown",
        lost="neutral",
    ),
    Listed(
        stem="REL-RUNTIME",
        kind="interface",
        noun="The demand on the runtime",
        document="release",
        items=lambda release: _leaves(release.compatibility.runtime),
        changed="unknown",
        lost="neutral",
    ),
    Listed(
        stem="REL-DEPRECATION",
        kind="release",
        noun="The deprecation of",
        document="release",
        items=lambda release: (
            (item.name, f"since {item.since}, replaced by {item.replacement}") for item in release.deprecations
        ),
        changed="unknown",
    ),
    Listed(
        stem="REL-SUPPORT",
        kind="release",
        noun="The time of",
        document="release",
        items=_one("support", lambda release: release.support and f"until {release.support.until}"),
        changed="unknown",
    ),
    Listed(
        stem="MOD-FORMAT",
        kind="model",
        noun="The model's",
        document="model_manifest",
        items=_one("format", lambda manifest: manifest.format),
    ),
    Listed(
        stem="MOD-FILE",
        kind="model",
        noun="Model file",
        document="model_manifest",
        items=lambda manifest: (
            (item.path, f"{item.role}, sha256:{item.sha256}, {item.size} bytes") for item in manifest.files
        ),
    ),
    Listed(
        stem="MOD-ARCHITECTURE",
        kind="model",
        noun="The model's",
        document="model",
        items=_one("architecture", lambda model: model.architecture.name),
    ),
    Listed(
        stem="MOD-SIZE",
        kind="model",
        noun="The number of",
        document="model",
        items=_one(
            "trainable parameters",
            lambda model: (
                None
                if model.architecture.trainable_parameters is None
                else str(model.architecture.trainable_parameters)
            ),
        ),
    ),
    Listed(
        stem="MOD-LIMITATION",
        kind="model",
        noun="A limitation of the model",
        document="model",
        items=_texts("limitations"),
        changed="unknown",
    ),
    Listed(
        stem="TRN-RUN",
        kind="training",
        noun="The training",
        document="training",
        items=_one("run", lambda run: run.run_id),
    ),
    Listed(
        stem="TRN-COMMIT",
        kind="training",
        noun="The training's",
        document="training",
        items=_one("commit", lambda run: run.commit),
    ),
    Listed(
        stem="TRN-COMMAND",
        kind="training",
        noun="The training's",
        document="training",
        items=_one("command", lambda run: " ".join(run.command)),
    ),
    Listed(
        stem="TRN-SEED",
        kind="training",
        noun="The training's",
        document="training",
        items=_one("seed", lambda run: str(run.seed)),
    ),
    Listed(
        stem="TRN-ENVIRONMENT",
        kind="training",
        noun="The training environment's",
        document="training",
        items=lambda run: _leaves(run.environment),
    ),
    Listed(
        stem="EVL-NEGATIVE",
        kind="metric",
        noun="A negative finding",
        document="evaluation",
        items=_texts("negative_findings"),
        changed="unknown",
    ),
    Listed(
        stem="EVL-LIMITATION",
        kind="metric",
        noun="A limitation of the evaluation",
        document="evaluation",
        items=_texts("limitations"),
        changed="unknown",
    ),
    Listed(
        stem="EFF-BOUNDARY",
        kind="efficiency",
        noun="A limit of the measured costs",
        document="efficiency",
        items=_texts("claim_boundary"),
        changed="unknown",
    ),
)


def listed_facts(evidence: Evidence) -> Iterator[Fact]:
    """The facts of every listed item of a release, in the order of the table."""
    for each in LISTED:
        document = getattr(evidence, each.document)
        for name, text in each.items(document) if document is not None else ():
            yield Fact(
                stem=each.stem,
                kind=each.kind,
                subject=name or each.noun.partition(" ")[2],
                text=text,
                noun=f"{each.noun} {name}" if name else each.noun,
                item="" if name else text,
                number=Number(text) if text.isascii() and text.isdigit() else None,
                judged=each.changed,
                gained=each.gained,
                lost=each.lost,
            )
