"""A pack with a charter and a record of every kind, each really derived, sealed and signed with keys made of seeds."""

import hashlib
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final, Self

import yaml

from pack_builder import COMMIT, RELEASE, PackBuilder, thawed
from proofpress.evidence.derivation import CHARTER, PREDICATE, Infeasible, RiskNote, Rollback, Stop, envelope_of
from proofpress.evidence.policy import Policy
from proofpress.evidence.signed import statement
from proofpress.evidence.values import Number
from proofpress.evidence.yamltext import dump_yaml
from proofpress.ingest.strict import parse_yaml
from proofpress.pack.derivation import ledger_in, sign_record, write_charter, write_derivation, write_record, write_seal
from proofpress.pack.release import assemble
from proofpress.pack.writer import write_bytes
from proofpress.render.sets import TemplateSets
from proofpress.signing.dsse import seal_statement
from proofpress.signing.keys import SigningKey

NAMES: Final = ("ada", "bea", "cyd", "dot", "eve", "fay", "gil")
ROLES: Final = dict(zip(NAMES, ("deriver", "reviewer", "risk_owner", "operator", "locker", "launcher"), strict=False))
"""Names of keys by role; `gil` holds none."""
KEYS: Final[Mapping[str, SigningKey]] = {name: SigningKey.from_seed(name.encode().ljust(32)) for name in NAMES}
POLICY: Final = Policy.model_validate(
    {
        "schema_version": "1.0.0",
        "keys": {name: {"key": key.public} for name, key in KEYS.items()},
        "roles": {role: {"keys": (name,)} for name, role in ROLES.items()},
    }
)
SECOND: Final = "digits-v0.2.0-tiny-r1"
INPUT, SCRIPT, PLAN_FILE = "derivations/inputs/measured.json", "derivations/inputs/derive.py", "derivations/plan.md"
PLAN_TEXT: Final = "# Plan, revision 3\n\nDerive the cutoff and the costs of the reader from packaged inputs alone.\n"
PLAN: Final = {"revision": "3", "sha256": hashlib.sha256(PLAN_TEXT.encode()).hexdigest(), "path": PLAN_FILE}
DERIVE: Final = """\
import json
import sys
from pathlib import Path

name, target = sys.argv[1:]
measured = json.loads(Path("derivations/inputs/measured.json").read_text())
Path(target).parent.mkdir(parents=True, exist_ok=True)
Path(target).write_text(json.dumps({"name": name, "value": measured[name]}) + "\\n")
"""
MEASURED: Final = '{"answer-cost": 0.12, "cutoff": 0.65, "depth": 2, "words": 4}\n'
TARGET: Final = {"id": "accuracy", "metric": "accuracy", "op": ">=", "value": Number("0.7"), "unit": "fraction"}
_HEAD: Final = {"plan": PLAN, "commit": COMMIT, "claim_boundary": ["It holds for numbers of two digits."]}
VALUES: Final[tuple[Mapping[str, Any], ...]] = (
    {"id": "cutoff", "title": "Score below which the reader abstains", "units": "fraction"},
    {"id": "words", "title": "Fewest numbers of a slice", "units": "numbers", "depends_on": ("cutoff",)},
    {"id": "answer-cost", "title": "What an answer costs", "units": "s", "cost": "reading time"},
    {"id": "error-cost", "title": "What a wrong answer costs", "units": "EUR", "cost": "sorting again"},
    {"id": "depth", "title": "How deep the table is", "units": "digits", "must_differ": ("words",)},
)


def seal_fields(id_: str, value: str, target: str) -> dict[str, Any]:
    """What a deriver seals."""
    return {
        **_HEAD,
        "id": id_,
        "author": "ada",
        "value_name": value,
        "rationale": "The measured value is taken as it is, for nothing else was measured.",
        "tolerance": {"kind": "relative", "value": Number("0.05")},
        "parameters": {"name": value},
        "command": ["python", SCRIPT, value, target],
        "inputs": [{"path": path, "version": "1"} for path in (INPUT, SCRIPT)],
        "exploratory": {"influenced": False},
    }


def derivation_fields(id_: str, seal: str, **further: Any) -> dict[str, Any]:
    """What a deriver says besides the seal."""
    return {
        "id": id_,
        "seal": seal,
        "author": "ada",
        "reviewer": "bea",
        "units": "fraction",
        "cost_tier": "n/a",
        "lockability": "lockable",
        "artifact": f"derivations/results/{id_}.json",
        "pointer": "/value",
        "code_version": "derive.py 1",
        "claim_boundary": _HEAD["claim_boundary"],
        **further,
    }


class DerivedPack(PackBuilder):
    """A copy of the derived pack; `verify` knows the keys. Records are changed by `edit`, which signs them again."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        shutil.rmtree(self.folder)
        shutil.copytree(derived_template(), self.folder)

    def verify(self, **options: Any) -> Any:
        """The verdict on the pack, by a policy that holds the keys."""
        return super().verify(**{"policy": POLICY, **options})

    def yaml(self, name: str) -> Any:
        """The charter or a record, by the name of its file, ready to be changed."""
        return thawed(parse_yaml((self / f"derivations/{name}.yaml").read_bytes()))

    def edit(self, name: str, /, *, sign: bool = True, **fields: Any) -> Self:
        """Replace fields of the charter or a record (None removes one), and sign it again by whom it names."""
        document = {key: value for key, value in {**self.yaml(name), **fields}.items() if value is not None}
        self.write(f"derivations/{name}.yaml", dump_yaml(document))
        return self.signed(name) if sign else self

    def charter_value(self, name: str, /, **fields: Any) -> Self:
        """Replace fields of one value of the charter, and sign it again."""
        values = self.yaml("charter")["values"]
        changed = [
            {key: told for key, told in {**item, **(fields if item["id"] == name else {})}.items() if told is not None}
            for item in values
        ]
        return self.edit("charter", values=changed)

    def signed(self, name: str) -> Self:
        """Let whoever the charter or a record names sign it as it is."""
        path = f"derivations/{name}.yaml"
        (self / envelope_of(path)).unlink(missing_ok=True)
        ledger = ledger_in(self.folder)
        document = ledger.charter if path == CHARTER else ledger.records[path]
        for signer in {key: None for _role, key, _at in document.signers}:  # type: ignore[union-attr]
            sign_record(self.folder, name, KEYS[signer])
        return self

    def with_release(self, release_id: str, **options: Any) -> Self:
        """Give the pack another identity everywhere, its charter too."""
        super().with_release(release_id, **options)
        return self.edit("charter", release_id=release_id).reseal()

    def sealed(self) -> Self:
        """Render the documents and assemble the pack again."""
        assemble(self.folder, profile="paper-demo", template_set=TemplateSets().newest())
        return self

    def rules(self) -> list[str]:
        """Ids of the rules that refuse the pack once it is assembled again."""
        verdict = self.sealed().verify()
        return sorted({item.rule for item in verdict.errors})


def derived_instance(root: Path) -> tuple[DerivedPack, DerivedPack]:
    """An instance with the derived release, its policy, and a successor that takes charter and records over."""
    first = DerivedPack(root / "packs")
    second = DerivedPack(root / "packs" / ".second").with_release(SECOND, predecessor=first)
    shutil.move(second.folder, first.folder.parent / SECOND)
    shutil.rmtree(second.root)
    second.root = first.root
    policy = dump_yaml(POLICY.model_dump(exclude_unset=True))
    (first.root / "policy.yaml").write_text(policy, encoding="utf-8")
    return first, second


def write_tiny_derivations(folder: Path) -> None:
    """Write the charter and its records by the public builders, each signed by whom it names."""
    for path, text in ((INPUT, MEASURED), (SCRIPT, DERIVE), (PLAN_FILE, PLAN_TEXT)):
        write_bytes(folder, path, text.encode())

    def sign(name: str, *keys: str) -> None:
        for key in keys:
            sign_record(folder, name, KEYS[key])

    def derived(id_: str, value: str, hour: int, **further: Any) -> None:
        seal = f"{id_}-seal"
        write_seal(
            folder, seal_fields(seal, value, f"derivations/results/{id_}.json"), at=f"2026-02-20T{hour:02}:00:00Z"
        )
        sign(seal, "ada")
        fields = derivation_fields(id_, seal, **further)
        write_derivation(folder, fields, at=f"2026-02-20T{hour:02}:30:00Z", outcomes_at=f"2026-02-20T{hour:02}:20:00Z")
        sign(id_, "ada", "bea")

    def noted(model: Any, at: str, *keys: str, **fields: Any) -> None:
        made = write_record(folder, model, {**_HEAD, **fields}, at=f"2026-02-21T{at}:00Z")
        sign(made.id, *keys)

    derived("cutoff-1", "cutoff", 8)
    derived("cutoff-2", "cutoff", 9, supersedes="cutoff-1", notes=("The reviewer asked for the sealed run again.",))
    derived("words-1", "words", 10, units="numbers", depends_on=("cutoff-2",))
    context = {"lockability": "non-lockable", "lockability_reason": "One reader was timed on one day."}
    derived("answer-cost-1", "answer-cost", 11, units="s", cost_tier="C", mlflow_run_id="run-77", **context)
    derived("depth-1", "depth", 12, units="digits")
    write_charter(folder, charter_fields(early=True), release_id=RELEASE, at="2026-02-20T20:00:00Z")
    noted(
        RiskNote,
        "08:00",
        "cyd",
        id="answer-cost-note",
        author="cyd",
        value_name="answer-cost",
        record="answer-cost-1",
        carries="non-lockable",
        text="The bound is carried to plan the next timing, for no decision.",
    )
    noted(
        Infeasible,
        "09:00",
        "ada",
        "bea",
        id="cost-data",
        author="ada",
        reviewer="bea",
        value_name="error-cost",
        reason="cost-data",
        cost_tier="D",
        trigger="Nobody kept the hours of sorting again.",
        failed_derivation="Hours of sorting again times the wage.",
        evidence_attempted=("The sorting room's notebook",),
        allowed_next_action="Keep the hours for a month.",
        blocked_downstream=("price of the reader",),
        required_remediation_artifact="A log of hours, by error.",
    )
    stop = {"author": "ada", "step": "pull_data", "values": ("cutoff",), "already_ran": False}
    stop["requirement"] = "A finer cutoff would need numbers that nobody read yet."
    noted(Stop, "10:00", "ada", id="more-numbers", **stop)
    ruling = {"by": "dot", "at": "2026-02-21T11:00:00Z", "ruling": "Keep the cutoff of the numbers that were read."}
    noted(Stop, "11:00", "ada", "dot", id="more-numbers-decided", supersedes="more-numbers", decision=ruling, **stop)
    noted(
        Rollback,
        "12:00",
        "dot",
        id="depth-rollback",
        author="dot",
        reason="The table has another depth than was thought.",
        values=("depth",),
        records=("depth-1",),
        notified=("The locker of the charter",),
    )
    write_charter(folder, charter_fields(), release_id=RELEASE, at="2026-02-22T08:00:00Z")
    sign("charter", "ada")


def charter_fields(*, early: bool = False) -> dict[str, Any]:
    """What people declare of the charter; `early`, of values that nothing was recorded of yet."""
    tolerance = {"kind": "relative", "value": Number("0.05")}
    waiting = {"pending": {"code": "NOT_STARTED", "reason": "It comes last."}} if early else {}
    return {
        "plan": PLAN,
        "commit": COMMIT,
        "author": "ada",
        "launcher": "fay",
        "attestation": {"no_forbidden_run": True, "statement": "Nothing was trained, launched, selected or pulled."},
        "values": [{**value, "tolerance": tolerance, **waiting} for value in VALUES],
        "targets": [TARGET],
        "threats": ["All numbers were read by one reader."],
        "claim_boundary": ["The values say nothing of numbers of three digits."],
    }


def envelope(path: str, digest: str, signers: list[tuple[str, str]], *keys: str) -> bytes:
    """Signatures that say what a test wants them to say."""
    said = {"signers": [{"role": role, "key": key} for role, key in signers]}
    return seal_statement(statement({path: digest}, PREDICATE, said), [KEYS[key] for key in keys])


def plain_yaml(path: Path) -> Any:
    """A YAML file as an ordinary reader sees it."""
    return yaml.safe_load(path.read_bytes())


@cache
def derived_template() -> Path:
    """The derived pack, made once in each process."""
    folder = PackBuilder(Path(mkdtemp(prefix="proofpress-tests-"))).folder
    write_tiny_derivations(folder)
    assemble(folder, profile="paper-demo", template_set=TemplateSets().newest())
    return folder


def write_next_cutoff(pack: DerivedPack, value: str) -> None:
    """Derive the cutoff again from another measurement; what was derived from the old one falls with it."""
    measured = "derivations/inputs/measured-2.json"
    pack.write(measured, MEASURED.replace("0.65", value))
    pack.write("derivations/inputs/derive-2.py", DERIVE.replace("measured.json", "measured-2.json"))
    told = seal_fields("cutoff-3-seal", "cutoff", "derivations/results/cutoff-3.json")
    told["command"][1] = "derivations/inputs/derive-2.py"
    told["inputs"] = [{"path": path, "version": "2"} for path in (measured, "derivations/inputs/derive-2.py")]
    write_seal(pack.folder, told, at="2026-02-23T08:00:00Z")
    fields = derivation_fields("cutoff-3", "cutoff-3-seal", supersedes="cutoff-2")
    write_derivation(pack.folder, fields, at="2026-02-23T09:00:00Z")
    for name in ("SEAL-cutoff-3-seal", "cutoff-3"):
        pack.signed(name)
    write_charter(pack.folder, charter_fields(), release_id=RELEASE, at="2026-02-23T10:00:00Z")
    pack.signed("charter")
