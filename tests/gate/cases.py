"""Cases for gates: a release and its baseline that pass everything, and the single change that a test makes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from diff.releases import KEYS, header, model_of, pack, part, row, sha256
from proofpress.evidence.attestation import GateDecision, GateReceipt
from proofpress.evidence.gates import Gates, Waiver
from proofpress.evidence.interface import Interface
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.model import EfficiencyReport, ModelPackage
from proofpress.evidence.training import TrainingRun
from proofpress.gate.gate import GateCase
from proofpress.gate.judge import judge
from proofpress.ingest.strict import parse_json
from proofpress.verify.verdict import VerifiedPack

OLD, NEW = "digits-v0.1.0-mlp-r1", "digits-v0.2.0-mlp-r1"
AT = "2026-06-01T12:00:00Z"
EIGHT = part("digit", "8")


def rows(value: str = "0.970", eight: str = "0.940", **fields: Any) -> list[dict[str, Any]]:
    """The accuracy of a release and of its slice of eights; `fields` are those of the first row."""
    return [row(value=value, **fields), row(value=eight, slice=EIGHT, n=40, evaluated_keys_sha256="e" * 64)]


def model(**fields: Any) -> Any:
    """A model package with one input and one output."""
    plain = header(
        release_id=OLD,
        model_id="sha256:" + "1" * 64,
        run_id="train-1",
        commit="c" * 40,
        dataset_snapshot_id="digits-2026-01",
        architecture={"name": "mlp", "description": "Small."},
        parameters={},
        inputs=[{"name": "pixels", "type": "float", "shape": "[64]", "description": "Grey levels."}],
        outputs=[{"name": "digit", "type": "text", "shape": "[1]", "description": "The digit."}],
        limitations=["Small images."],
    )
    return model_of(ModelPackage, {**plain, **fields})


def promised(score: str = "0.5", **fields: Any) -> Any:
    """An interface of one stable and one experimental name, with one answer for a fixed input."""
    answer = {"key": "one", "output": "digit", "score": parse_json(score.encode())}
    plain = header(
        model_id="sha256:" + "1" * 64,
        outputs=[
            {"name": "digit", "contract": "a text"},
            {"name": "draft", "contract": "anything", "stability": "experimental"},
        ],
        fixed_input_scores=[{"name": "demo", "input_sha256": KEYS, "scores": [answer]}],
    )
    return model_of(Interface, {**plain, **fields})


def training(**fields: Any) -> Any:
    """A training run that began on the first of March."""
    plain = header(
        release_id=OLD,
        run_id="train-1",
        commit="c" * 40,
        dataset_snapshot_id="digits-2026-01",
        command=["python", "train.py"],
        seed=7,
        started_at="2026-03-01T08:00:00Z",
        finished_at="2026-03-01T08:10:00Z",
        duration_seconds=600,
        parameters={},
        environment={"python": "3.11"},
        outputs=[{"path": "model/weights.bin", "sha256": KEYS, "size": 1}],
    )
    return model_of(TrainingRun, {**plain, **fields})


def costs(value: str, **fields: Any) -> Any:
    """An efficiency report of one latency."""
    plain = header(
        release_id=OLD,
        model_id="sha256:" + "1" * 64,
        run_id="eval-1",
        measured_at="2026-03-01T09:30:00Z",
        environment={"machine": "one"},
        rows=[{"name": "latency", "value": parse_json(value.encode()), "unit": "ms", "batch_size": 1}],
        claim_boundary=["One machine."],
    )
    return model_of(EfficiencyReport, {**plain, **fields})


def release(release_id: str, measured: Sequence[Mapping[str, Any]] | None, **fields: Any) -> VerifiedPack:
    """A pack with rows, model and training. `evidence` replaces documents; other fields go to `release.json`."""
    evidence = {"model": model(), "training": training(), "interface": promised(), **fields.pop("evidence", {})}
    made = pack(
        release_id,
        rows=measured,
        version=release_id.split("-")[1][1:],
        changelog=fields.pop("changelog", {"changed": ["It was trained again."]}),
        **fields,
    )
    return replace(made, evidence=replace(made.evidence, **evidence))


def predecessor(release_id: str = OLD) -> dict[str, Any]:
    """What a release says of the pack that `release(release_id, …)` makes."""
    return {"release_id": release_id, "pack_id": "sha256:" + sha256(f"{release_id}.1")}


def gates(**fields: Any) -> Gates:
    """Gates of a policy from plain values; numbers as texts of JSON are exact."""
    return Gates.model_validate(parse_json(dump_json(fields).encode()))


def waiver(**fields: Any) -> Waiver:
    """A waiver for the family, in force on `AT`."""
    plain = {"gate": "GAT005", "subject": "accuracy@test", "owner": "model owner", "reason": "A known trade."}
    return Waiver.model_validate({**plain, "expires": "2026-06-30", "family": "digits", **fields})


def case(
    old: Sequence[Mapping[str, Any]] | None = None,
    new: Sequence[Mapping[str, Any]] | None = None,
    *,
    policy: Gates | None = None,
    ids: tuple[str, str] = (OLD, NEW),
    old_fields: Mapping[str, Any] | None = None,
    new_fields: Mapping[str, Any] | None = None,
    **fields: Any,
) -> GateCase:
    """A case that passes every gate, with what a test changes in it."""
    policy = policy or gates()
    before = release(ids[0], rows() if old is None else old, **(old_fields or {}))
    after = release(
        ids[1], rows() if new is None else new, **{"predecessor": predecessor(ids[0]), **(new_fields or {})}
    )
    plain: dict[str, Any] = {"new": after, "old": before, "gates": policy, "before": policy, "earlier": (ids[0],)}
    return GateCase(**{**plain, **fields})


def judged(made: GateCase, *waivers: Waiver, at: str = AT) -> GateReceipt:
    """The receipt of a case."""
    return judge(made, waivers=waivers, policy_sha256="0" * 64, at=at)


def refusals(made: GateCase, *waivers: Waiver, at: str = AT) -> list[GateDecision]:
    """What refuses a case."""
    return [item for item in judged(made, *waivers, at=at).decisions if item.verdict in {"deny", "not decided"}]


def only(found: Sequence[GateDecision]) -> GateDecision:
    """The one decision there is."""
    assert len(found) == 1, [(item.gate, item.verdict, item.subject, item.why) for item in found]
    return found[0]
