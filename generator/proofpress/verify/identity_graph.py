"""Which file states which identity. One table: the identity rules hold files to it, `verify --explain` draws it.

A document states an identity by a field of its own; a new kind of document is held to every identity whose field
it has, without a line here. `run_id` alone needs to be told apart: it is the run that the document belongs to. So do
documents that a rule of their own holds to the others, and records of derivations: commit and parameters are those of
the analysis.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from proofpress.evidence.derivation import FOLDER as DERIVATIONS
from proofpress.evidence.dvc import LOCK, leaves
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import KINDS, PARAMS, Evidence
from proofpress.ingest.raw import RawPack

WHERE: Mapping[str, str] = {kind.name: kind.path for kind in KINDS}
_MODEL_MANIFEST = WHERE["model_manifest"]
_OWN_RULE: Mapping[str, str] = {"lock": "LCK001", "metrics": "EVL002", "traceability": "ASR009"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shared:
    """An identity that several files state, and that they must state alike.

    `said_by` is the field by which documents name it, `named` how some of them do instead. `source` lists the
    documents whose word counts, best first: the others are held to the first of them that the pack holds. `elsewhere`
    are documents that another rule than `rule` holds to it: they are drawn, and never the source. `story` says, of a
    document, what it means that it states another value.
    """

    name: str
    rule: str
    said_by: str
    source: tuple[str, ...]
    named: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=lambda: _OWN_RULE)
    story: Mapping[str, str] = field(default_factory=dict)


RELEASE = Shared(name="release", rule="IDN001", said_by="release_id", source=("release",))
MODEL = Shared(
    name="model",
    rule="IDN003",
    said_by="model_id",
    source=("model_manifest", "model"),
    elsewhere={**_OWN_RULE, "interface": "IFC001"},
)
SNAPSHOT = Shared(
    name="dataset snapshot", rule="IDN004", said_by="dataset_snapshot_id", source=("dataset", "model", "evaluation")
)
TRAINING = Shared(
    name="training run",
    rule="IDN005",
    said_by="training_run_id",
    named={"training": "run_id", "model": "run_id", "run_manifest": "run_id"},
    source=("training", "model"),
)
EVALUATION = Shared(
    name="evaluation run",
    rule="IDN008",
    said_by="evaluation_run_id",
    named={"evaluation": "run_id", "metrics": "run_id", "efficiency": "run_id"},
    source=("evaluation",),
    elsewhere={**_OWN_RULE, "readiness": "RDY004"},
)
COMMIT = Shared(name="commit", rule="IDN006", said_by="commit", source=("training", "model"))
PARAMETERS = Shared(
    name="parameters",
    rule="PAR001",
    said_by="parameters",
    source=("params", "model"),
    story={"evaluation": "metrics came from a run", "training": "the training run ran", "model": "the model package"},
)
SHARED = (RELEASE, MODEL, SNAPSHOT, TRAINING, EVALUATION, COMMIT, PARAMETERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one file says of a shared identity, and where.

    `document` is the kind's name, or what the file is; `rule` the one that refuses it when it says something else.
    """

    document: str
    rule: str
    file: str
    pointer: str
    value: Any

    @property
    def place(self) -> str:
        """File and pointer in one."""
        return f"{self.file}#{self.pointer}" if self.pointer else self.file


def statements(shared: Shared, evidence: Evidence, raw: RawPack) -> tuple[Statement, ...]:
    """All that the pack says of one identity: the source first, then the documents in their usual order."""
    found = tuple(_statements(shared, evidence, raw))
    there = [item.document for item in found if item.rule == shared.rule]
    source = next((name for name in (*shared.source, *there) if name in there), None)
    return tuple(sorted(found, key=lambda item: item.document != source))


def _statements(shared: Shared, evidence: Evidence, raw: RawPack) -> Iterator[Statement]:
    said: list[tuple[str, str, str, Any]] = []
    if shared is PARAMETERS and evidence.promoted_parameters is not None:
        said.append(("params", PARAMS, "", evidence.promoted_parameters))
    if shared is MODEL and evidence.model_manifest is not None:
        said.append(("model_manifest", _MODEL_MANIFEST, "", "sha256:" + raw.files[_MODEL_MANIFEST].sha256))
    for kind, document in evidence.documents():
        if shared is not RELEASE and kind.path.startswith(DERIVATIONS):
            continue
        name = shared.named.get(kind.name, shared.said_by)
        if name in type(document).model_fields and (value := getattr(document, name)) is not None:
            said.append((kind.name, kind.path, f"/{name}", value))
    if shared is PARAMETERS and evidence.pipeline_lock is not None:
        locked = {name: value for _stage, _file, name, value in evidence.pipeline_lock.parameters("params.yaml")}
        said.append(("lock", LOCK, "/stages", locked))
    for name, file, pointer, value in said:
        rule = shared.elsewhere.get(name, shared.rule)
        yield Statement(document=name, rule=rule, file=file, pointer=pointer, value=value)


def held(shared: Shared, told: Sequence[Statement]) -> tuple[Statement, tuple[Statement, ...]] | None:
    """The statement that counts, and those that the rule holds to it; None when nothing states the identity.

    That is the source's word, unless all others, two at least, agree against it: then the source is the wrong file.
    """
    own = [item for item in told if item.rule == shared.rule]
    if not own:
        return None
    source, *others = own
    if len(others) > 1 and differences(source, others[0]) and not any(differences(others[0], it) for it in others):
        return others[0], (source,)
    return source, tuple(others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One value on which a file and the source disagree; `name` is a parameter's, else empty."""

    name: str
    expected: Any
    found: Any


def differences(source: Statement, other: Statement) -> tuple[Difference, ...]:
    """In what a statement differs from the source's. Parameters are compared one by one.

    A lock holds what its stages read, by dotted names: it is held to those only.
    """
    if not isinstance(source.value, dict) or not isinstance(other.value, dict):
        same = source.value == other.value
        return () if same else (Difference(name="", expected=source.value, found=other.value),)
    mine, theirs = source.value, other.value
    names = sorted(mine.keys() | theirs.keys())
    if other.document == "lock":
        mine, names = dict(leaves(mine)), sorted(theirs)
    return tuple(
        Difference(name=name, expected=mine.get(name, "nothing"), found=theirs.get(name, "nothing"))
        for name in names
        if not same_value(mine.get(name, "nothing"), theirs.get(name, "nothing"))
    )


def same_value(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal; numbers by value, so that `0.50` is `0.5`, and `1` is not `true`."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return left == right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_value(left[name], right[name]) for name in left)
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(same_value, left, right))
    return type(left) is type(right) and bool(left == right)


def sentence(shared: Shared, source: Statement, other: Statement, difference: Difference) -> str:
    """What a disagreement means, in one sentence: which run, release or parameters each of the two files is of."""
    if shared is PARAMETERS:
        story = shared.story.get(other.document, f"{other.file} records")
        if other.document == "params":
            return (
                f"the model and its metrics came from a run with {difference.name} {difference.expected} "
                f"({source.file}), the promoted parameters ({other.file}) say {difference.found}"
            )
        return (
            f"{story} with {difference.name} {difference.found}, "
            f"the promoted parameters ({source.file}) say {difference.expected}"
        )
    if shared in {TRAINING, EVALUATION}:
        verb = "is" if source.document == shared.source[0] else "names"
        return (
            f"{other.file} came from {shared.name} {difference.found}, {source.file} {verb} {shared.name} "
            f"{difference.expected}: these files come from different runs"
        )
    return (
        f"{other.file} is about {shared.name} {difference.found}, while {source.place} says {difference.expected}: "
        "these files come from different runs or releases"
    )


# ── the graph ────────────────────────────────────────────────────────────────────────────────────────

Relation = Literal["states", "was made by"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A file, or an identity with one of the values that are stated for it."""

    id: str
    kind: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """From a file to the identity that it states, or to the run that recorded it by its digest.

    `trouble` says, for an edge that disagrees, what that means; `rule` is the rule that refuses it.
    """

    file: str
    node: Node
    relation: Relation
    pointer: str
    is_source: bool = False
    rule: str = ""
    trouble: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether the file says what the source says."""
        return not self.trouble

    @property
    def place(self) -> str:
        """File and pointer in one."""
        return f"{self.file}#{self.pointer}" if self.pointer else self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityGraph:
    """Who states what in one pack."""

    edges: tuple[Edge, ...]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The files, sorted, then the identities in the order of the table."""
        files = sorted({edge.file for edge in self.edges})
        told = {edge.node.id: edge.node for edge in self.edges}
        return (*(Node(id=file, kind="file", value=file) for file in files), *told.values())

    @property
    def diagnosis(self) -> tuple[str, ...]:
        """Every disagreement in a sentence."""
        return tuple(text for edge in self.edges for text in edge.trouble)

    def origins(self) -> Mapping[str, tuple[str, ...]]:
        """The runs, model and snapshot that each file came from, by what it states and what was recorded of it."""
        found: dict[str, dict[str, None]] = {}
        for edge in self.edges:
            if edge.node.kind in _ORIGINS:
                no = "not the file of " if edge.relation == "was made by" and not edge.agrees else ""
                found.setdefault(edge.file, {})[f"{no}{edge.node.id}"] = None
        return {file: tuple(found[file]) for file in sorted(found)}


_ORIGINS = (TRAINING.name, EVALUATION.name, SNAPSHOT.name, MODEL.name)


def identity_graph(evidence: Evidence, raw: RawPack) -> IdentityGraph:
    """The graph of a pack's identities."""
    edges: list[Edge] = []
    for shared in SHARED:
        told = statements(shared, evidence, raw)
        if (found := held(shared, told)) is None:
            continue
        source, others = found
        for item in (source, *others, *(it for it in told if it not in (source, *others))):
            wrong = differences(source, item)
            edges.append(
                Edge(
                    file=item.file,
                    node=_node(shared.name, (item if wrong else source).value),
                    relation="states",
                    pointer=item.pointer,
                    is_source=item is source,
                    rule=item.rule if wrong else "",
                    trouble=tuple(sentence(shared, source, item, each) for each in wrong),
                )
            )
    for rule, place, path, recorded, node in _records(evidence):
        file = raw.files.get(path)
        same = file is not None and (file.sha256, file.size) == recorded
        edges.append(
            Edge(
                file=path,
                node=node,
                relation="was made by",
                pointer="",
                rule="" if same else rule,
                trouble=() if same else (f"{path} is not the file that {node.id} recorded ({place})",),
            )
        )
    return IdentityGraph(edges=tuple(edges))


def _records(evidence: Evidence) -> Iterator[tuple[str, str, str, tuple[str, int], Node]]:
    """(rule, place, file, (sha256, size), node) of files that a run or model lists by their digest."""
    if (run := evidence.training) is not None:
        for index, item in enumerate(run.outputs):
            place = f"{WHERE['training']}#/outputs/{index}"
            yield "INT007", place, item.path, (item.sha256, item.size), _node(TRAINING.name, run.run_id)
    if (manifest := evidence.model_manifest) is not None and evidence.model is not None:
        for index, part in enumerate(manifest.files):
            place, path = f"{_MODEL_MANIFEST}#/files/{index}", f"model/{part.path}"
            if path in {entry.path for entry in evidence.manifest.files}:
                yield "INT006", place, path, (part.sha256, part.size), _node(MODEL.name, evidence.model.model_id)
    if (demo := evidence.demo) is not None:
        for index, item in enumerate(demo.outputs):
            place = f"{WHERE['demo']}#/outputs/{index}"
            yield "INT007", place, item.path, (item.sha256, item.size), _node(MODEL.name, demo.model_id)


def _node(kind: str, value: Any) -> Node:
    return Node(id=f"{kind} {_text(value)}", kind=kind, value=_text(value))


def _text(value: Any) -> str:
    """An identity as text; parameters by name."""
    if not isinstance(value, dict):
        return str(value)
    shown = {
        name: item if isinstance(item, str) else dump_json(item, indent=None).strip() for name, item in value.items()
    }
    return ", ".join(f"{name}={shown[name]}" for name in sorted(shown))
