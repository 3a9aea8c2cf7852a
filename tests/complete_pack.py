"""A pack with everything that readiness asks for: metrics files that a suite really wrote, and a re-scoped target."""

import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

from pack_builder import PackBuilder
from proofpress.evidence.evaluation import SliceKey, Target
from proofpress.evidence.policy import Profile
from proofpress.evidence.readiness import ReadinessProfile, RequiredRow, SuiteStep
from proofpress.evidence.values import Number
from proofpress.pack.aggregate import MetricsSource, aggregate
from proofpress.pack.eval_config import overridden, read_config
from proofpress.pack.readiness import write_readiness
from proofpress.pack.release import assemble
from proofpress.pack.suite import write_suite
from proofpress.pack.writer import produced, write_bytes
from proofpress.render.sets import TemplateSets
from proofpress.verify import Profiles

METRICS: Final = "model/metrics/parity.json"
DECISION: Final = "readiness/scope_decisions/odd.json"
CONFIG: Final = "model/eval_config.effective.yaml"
ODD: Final = SliceKey(dimension="parity", value="odd")
MISSED: Final = Target(op=">=", value=Number("0.8"))
MEASURE: Final = '''\
"""Measures accuracy from per-example rows; run in the pack's folder."""

import hashlib
import json
from pathlib import Path

model = json.loads(Path("model/model_package.json").read_text())
scores, base = (
    [json.loads(line) for line in Path(f"model/per_example/{name}.jsonl").read_text().splitlines()]
    for name in ("test", "majority")
)


def digest(rows):
    return hashlib.sha256("".join(row["key"] + "\\n" for row in rows).encode()).hexdigest()


def measured(part):
    mine, theirs = ([row for row in rows if part in (None, row["slices"]["parity"])] for rows in (scores, base))
    value, reference = (round(sum(row["correct"] for row in rows) / len(rows), 6) for rows in (mine, theirs))
    place = {"field": "correct", "aggregate": "mean"}
    return {
        "name": "accuracy", "split": "test", "value": value, "unit": "fraction", "higher_is_better": True,
        **({"slice": {"dimension": "parity", "value": part}} if part else {}),
        **({} if part else {"ci_low": 0.301, "ci_high": 0.954, "ci_level": 0.95, "ci_method": "Wilson score"}),
        "n": len(mine), "baseline": "majority", "baseline_value": reference, "delta_vs_baseline": value - reference,
        "evaluated_keys_sha256": digest(mine), "baseline_evaluated_keys_sha256": digest(theirs),
        "per_sample": {"path": "model/per_example/test.jsonl", **place},
        "baseline_per_sample": {"path": "model/per_example/majority.jsonl", **place},
    }


found = {
    "schema_version": "1.0.0", "generated_by": "proofpress.pack.evaluation",
    "release_id": model["release_id"], "model_id": model["model_id"], "run_id": "eval-1",
    "training_run_id": model["run_id"], "commit": model["commit"], "dataset_snapshot_id": model["dataset_snapshot_id"],
    "evaluated_at": "2026-03-01T09:30:00Z", "parameters": {"threshold": 0.5, "depth": 2},
    "splits": [{"name": "test", "n": len(scores), "keys_sha256": digest(scores)}],
    "baselines": [{"name": "majority", "description": "Always answers even."}],
    "slice_dimensions": [{"name": "parity", "description": "By the true answer.", "partition": True}],
    "rows": [measured(part) for part in (None, "even", "odd")],
    "negative_findings": ["The number t23 is told wrongly."], "limitations": ["Four numbers were tried."],
}
Path("model/metrics").mkdir(exist_ok=True)
Path("model/metrics/parity.json").write_text(json.dumps(found, indent=2) + "\\n")
print("measured")
'''
STEP: Final = SuiteStep(
    name="accuracy",
    command=("python", "model/measure.py"),
    inputs=("model/measure.py", "model/per_example/test.jsonl"),
    outputs=(METRICS,),
    issue_refs=("#7",),
)
PROFILE: Final = Profile(
    schema_version="1.0.0",
    name="benchmarked",
    title="The paper demo with a benchmark suite",
    extends="paper-demo",
    generators={"score_rows": ("tiny.score",), "baseline_rows": ("tiny.majority",)},
    row_markers=True,
    readiness=ReadinessProfile(
        rows=(
            RequiredRow(
                metric="accuracy",
                split="test",
                interval=True,
                baseline_delta=True,
                evaluated_keys=True,
                target=Target(op=">=", value=Number("0.7")),
                issue_refs=("#7",),
            ),
            RequiredRow(metric="accuracy", split="test", slice=ODD, target=MISSED, issue_refs=("#8",)),
        ),
        suite=(STEP,),
    ),
)
PROFILES: Final = Profiles({PROFILE.name: PROFILE})
CHAIN: Final = PROFILES.chain(PROFILE.name)


class CompletePack(PackBuilder):
    """A copy of the complete pack; `verify` knows its profile."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        shutil.rmtree(self.folder)
        shutil.copytree(complete_template(), self.folder)

    def verify(self, **options: Any) -> Any:
        """The verdict on the pack, judged by its own profile."""
        return super().verify(**{"profiles": PROFILES, **options})

    def assess(self, *, at: str = "2026-03-01T13:00:00Z", decided: bool = True) -> "CompletePack":
        """Write the readiness report anew for the evidence as it stands, and seal the pack."""
        write_readiness(self.folder, CHAIN, at=at, decisions={"odd.json": decision(self.folder)} if decided else {})
        self.reseal()
        return self


def scored(folder: Path) -> None:
    """Write per-example rows of model and baseline, each marked with its writer, and the program that measures."""
    rows = [(key, "odd" if int(key[-1]) % 2 else "even") for key in ("t20", "t21", "t22", "t23")]
    for name, writer, right in (
        ("test", "tiny.score", lambda key, _label: key != "t23"),
        ("majority", "tiny.majority", lambda _key, label: label == "even"),
    ):
        lines = [
            f'{{"key": "{key}", "correct": {int(right(key, label))}, "generated_by": "{writer}", '
            f'"slices": {{"parity": "{label}"}}}}\n'
            for key, label in rows
        ]
        write_bytes(folder, f"model/per_example/{name}.jsonl", "".join(lines).encode())
    write_bytes(folder, "model/measure.py", MEASURE.encode())


def decision(folder: Path) -> Mapping[str, Any]:
    """An accepted decision about the missed target of odd numbers, as people write it."""
    return {
        "accepted_by": "Release owner",
        "accepted_at": "2026-03-01T12:00:00Z",
        "decision_url": "https://example.org/decisions/8",
        "rationale": "Odd numbers are rare in use.",
        "issue_refs": ["#8", "#9"],
        "binds": produced(folder, METRICS),
        "failed_targets": [
            {
                "metric": "accuracy",
                "split": "test",
                "slice": ODD,
                "value": Number("0.5"),
                "target": MISSED,
                "replacement": Target(op=">=", value=Number("0.45")),
            }
        ],
        "negative_findings": ["Half of the odd numbers are told wrongly."],
        "claim_boundary": ["The decision changes no measured value."],
    }


def executed(folder: Path) -> None:
    """Run the suite, then aggregate what it wrote."""
    write_suite(folder, (STEP,), profile=PROFILE.name, at="2026-03-01T09:00:00Z", execute=True)
    committed = b"parameters:\n  threshold: 0.65\n  depth: 2\nsplits: [test]\nmetrics: [accuracy]\n"
    config = read_config(committed, "eval.yaml")
    source = MetricsSource(name="parity.json", data=(folder / METRICS).read_bytes())
    effective = overridden(config, ["parameters.threshold=0.50"])
    aggregate(folder, [source], config=effective)


@cache
def complete_template() -> Path:
    """The complete pack, made once in each process."""
    folder = PackBuilder(Path(mkdtemp(prefix="proofpress-tests-"))).with_everything().folder
    scored(folder)
    executed(folder)
    write_readiness(folder, CHAIN, at="2026-03-01T13:00:00Z", decisions={"odd.json": decision(folder)})
    assemble(folder, profile=PROFILE.name, template_set=TemplateSets().newest())
    return folder
