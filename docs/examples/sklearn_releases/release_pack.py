"""One release of either family: measured results in, a whole pack out."""

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assurance import write_assurance
from evaluate import METRICS_PATH, ROLES, WORDS, baseline_rows

from proofpress.evidence.base import Absence
from proofpress.evidence.evaluation import EvalMetrics, MetricRow
from proofpress.evidence.pack import PARAMS
from proofpress.evidence.policy import Profile
from proofpress.evidence.preflight import PackageNeed, Requirements
from proofpress.pack.aggregate import MetricsSource, aggregate
from proofpress.pack.dataset import SnapshotFile, SplitRecords, write_dataset
from proofpress.pack.demo import run_demo
from proofpress.pack.efficiency import measure_latency, measure_peak_memory, not_measured, write_efficiency
from proofpress.pack.eval_config import overridden, read_config, write_effective_config
from proofpress.pack.evaluation import Row, write_examples
from proofpress.pack.interface import fixed_input, write_interface
from proofpress.pack.model import ModelBytes, write_model, write_model_package
from proofpress.pack.preflight import write_preflight
from proofpress.pack.readiness import write_readiness
from proofpress.pack.release import assemble, write_release
from proofpress.pack.suite import write_suite
from proofpress.pack.training import environment, write_params, write_run_manifest, write_training
from proofpress.pack.writer import produced, write_bytes
from proofpress.pipeline import rules_at
from proofpress.render.sets import TemplateSets
from proofpress.verify.readiness import suite_steps

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
AUTHORS = ({"name": "Proofpress example project", "kind": "organization"},)
_SCRIPT = "docs/examples/sklearn_releases/make_packs.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A snapshot as the builder wants it."""

    name: str
    splits: tuple[SplitRecords, ...]
    key_kinds: Mapping[str, str]
    files: tuple[SnapshotFile, ...]
    description: Mapping[str, Any]
    spec: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A training run with its model; several releases may ship the same one."""

    run_id: str
    started_at: str
    seed: int
    seconds: float
    parameters: Mapping[str, Any]
    files: tuple[ModelBytes, ...]
    model_format: str
    size: int
    log: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Per-example results on the test split: of the model, and of the baselines whose decisions and losses it meets.

    `loss` names the field that measures a probability; `overrides` says how this evaluation differs from the family's.
    """

    rows: Sequence[Row]
    decisions: Sequence[Row]
    losses: Sequence[Row]
    loss: str
    overrides: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """The packaged script, its inputs, its command; calls that score one record, many, and load first."""

    script: Path
    inputs: bytes
    command: tuple[str, ...]
    score_one: Callable[[], object]
    score_many: Callable[[], object]
    load_and_score: Callable[[], object]
    many: int


def build(
    out: Path,
    *,
    family: str,
    release_id: str,
    day: str,
    predecessor: tuple[str, str] | None,
    dataset: Dataset,
    trained: Trained,
    scored: Scored,
    demo: Demo,
    derivations: Callable[[Path], None] | None = None,
) -> str:
    """Write the pack `<out>/<family>/<release_id>` and return its pack_id; `derivations` writes its charter, if any."""
    folder = out / family / release_id
    shutil.rmtree(folder, ignore_errors=True)
    evaluated_at = f"{day}T12:00:00Z"
    chain = rules_at(REPOSITORY).profiles.chain(f"{family}-release")
    words = WORDS[release_id]
    architecture = {**words.model["architecture"], "trainable_parameters": trained.size}
    commit = git_tree_id(HERE / family)
    snapshot = write_dataset(
        folder,
        name=dataset.name,
        splits=dataset.splits,
        key_kinds=dataset.key_kinds,
        files=dataset.files,
        description=dataset.description,
        spec=dataset.spec,
    ).dataset_snapshot_id
    model_id = write_model(folder, model_format=trained.model_format, files=trained.files)
    write_params(folder, trained.parameters)
    write_preflight(
        folder,
        config=folder / PARAMS,
        schema=HERE / family / "params.schema.json",
        requirements=Requirements(
            python=">=3.11", packages=(PackageNeed(name="scikit-learn", version=">=1.5"), PackageNeed(name="numpy"))
        ),
        at=trained.started_at,
    )
    command = ("python", _SCRIPT, "--family", family, "--out", "build/packs")
    write_training(
        folder,
        release_id=release_id,
        run_id=trained.run_id,
        commit=commit,
        dataset_snapshot_id=snapshot,
        command=command,
        seed=trained.seed,
        started_at=trained.started_at,
        duration_seconds=trained.seconds,
        parameters=trained.parameters,
        environment=environment(("numpy", "scipy", "scikit-learn")),
        outputs=[f"model/{item.path}" for item in trained.files],
        log=trained.log,
        notes=(
            (
                f"The commit is the Git tree id of docs/examples/sklearn_releases/{family}, the folder that holds "
                "the training and scoring code; 'git rev-parse' of that path prints it."
            ),
            "Times of day are constants of the example, so that the pack can be made again; durations are measured.",
            "BLAS and OpenMP ran on one thread.",
            *words.training_notes,
        ),
    )
    write_run_manifest(folder)
    write_model_package(
        folder,
        release_id=release_id,
        model_id=model_id,
        run_id=trained.run_id,
        commit=commit,
        dataset_snapshot_id=snapshot,
        parameters=trained.parameters,
        description={**words.model, "architecture": architecture},
    )
    evaluation = _evaluate(folder, family, chain, evaluated_at, scored)
    _measure_costs(folder, release_id, model_id, evaluation.run_id, evaluated_at, demo)
    write_bytes(folder, "demo/predict.py", demo.script.read_bytes())
    write_bytes(folder, "demo/inputs.jsonl", demo.inputs)
    run_demo(
        folder,
        release_id=release_id,
        model_id=model_id,
        command=demo.command,
        inputs=("demo/predict.py", "demo/inputs.jsonl", *(f"model/{item.path}" for item in trained.files)),
        at=evaluated_at,
        environment_note=(
            "Run in a clean folder that held only these inputs, with Python's standard library. "
            "The start time is a constant of the example; the duration is measured."
        ),
        claim_boundary=(
            (
                "Shows that the packaged script scores the packaged inputs with the packaged weights; "
                "it is no measure of quality."
            ),
            "The inputs are records of the test split, so nothing is shown about data of other origin.",
        ),
    )
    write_interface(
        folder,
        model_id=model_id,
        surface=_surface(demo.script, evaluation, words.model),
        fixed_input_scores=(
            fixed_input(
                folder,
                name="eight test records",
                input_path="demo/inputs.jsonl",
                scores_path="demo/scores.jsonl",
                outputs=[item["name"] for item in words.model["outputs"]],
            ),
        ),
    )
    write_readiness(
        folder,
        chain,
        at=f"{day}T14:00:00Z",
        decisions={
            f"{row.name}.json": _rescoped(folder, row, words.rescope[row.key])
            for row in evaluation.rows
            if words.rescope and row.key in words.rescope
        },
    )
    write_release(
        folder,
        release_id=release_id,
        family=family,
        released_at=f"{day}T15:00:00Z",
        predecessor=predecessor,
        fields={"licence": "Apache-2.0", "authors": AUTHORS, **words.release},
    )
    write_assurance(folder, family, release_id)
    if derivations is not None:
        derivations(folder)
    return assemble(folder, profile=chain[0].name, template_set=TemplateSets().newest())


def _surface(script: Path, evaluation: EvalMetrics, model: Mapping[str, Any]) -> dict[str, Any]:
    """What users of a release call and read: the packaged script, its exit code, inputs, outputs and metrics."""
    usage = next(line for line in script.read_text(encoding="utf-8").splitlines() if line.startswith("usage: "))
    return {
        "symbols": ({"name": script.name, "contract": usage.removeprefix("usage: ")},),
        "exit_codes": ({"name": "0", "contract": "Every row was scored and written."},),
        **{
            kind: [{"name": item["name"], "contract": f"{item['type']}, shape {item['shape']}"} for item in model[kind]]
            for kind in ("inputs", "outputs")
        },
        "metrics": [
            {
                "name": row.name,
                "contract": f"{row.unit}, {'higher' if row.higher_is_better else 'lower'} is better",
            }
            for row in evaluation.rows
            if row.slice is None and row.baseline is not None
        ],
    }


def _evaluate(folder: Path, family: str, chain: Sequence[Profile], at: str, scored: Scored) -> EvalMetrics:
    """Write what was scored and how it is evaluated, let the suite of the profile measure, and aggregate."""
    score, baseline = (f"sklearn_releases.{family}.{what}" for what in ("score", "baseline"))
    decisions = [{name: value for name, value in row.items() if name != scored.loss} for row in scored.decisions]
    losses = [{"key": row["key"], scored.loss: row[scored.loss]} for row in scored.losses]
    write_examples(folder, "test", _marked(scored.rows, score))
    write_examples(folder, "test", _marked(decisions, baseline), name=baseline_rows("decisions"))
    write_examples(folder, "test", _marked(losses, baseline), name=baseline_rows("losses"))
    committed = HERE / family / "evaluation.yaml"
    config = overridden(
        read_config(committed.read_bytes(), committed.name), (f'evaluated_at="{at}"', *scored.overrides)
    )
    write_effective_config(folder, config)
    outcome = write_suite(folder, suite_steps(chain), profile=chain[0].name, at=at, execute=True, work=REPOSITORY)
    if not outcome.report.ok:
        raise RuntimeError(f"the suite failed: {outcome.last_words}")
    source = MetricsSource(name=Path(METRICS_PATH).name, data=(folder / METRICS_PATH).read_bytes())
    return aggregate(folder, (source,), config=config, required=tuple(chain))


def _marked(rows: Sequence[Row], label: str) -> list[Row]:
    return [{**row, "generated_by": label} for row in rows]


def _rescoped(folder: Path, row: MetricRow, decide: Callable[[MetricRow], Mapping[str, Any]]) -> Mapping[str, Any]:
    """A scope decision about a missed row, bound to the metrics file in which it was missed."""
    decided = dict(decide(row))
    missed = {"metric": row.name, "split": row.split, "value": row.value, "target": row.target}
    missed["replacement"] = decided.pop("replacement")
    return {**decided, "binds": produced(folder, METRICS_PATH), "failed_targets": [missed]}


def _measure_costs(folder: Path, release_id: str, model_id: str, run_id: str, at: str, demo: Demo) -> None:
    write_efficiency(
        folder,
        release_id=release_id,
        model_id=model_id,
        run_id=run_id,
        measured_at=at,
        environment=environment(),
        rows=(
            *measure_latency(demo.score_one, batch_size=1, repeats=200),
            *measure_latency(demo.score_many, batch_size=demo.many, repeats=20),
            measure_peak_memory(demo.load_and_score, batch_size=demo.many),
            not_measured(
                "accelerator_memory",
                "MiB",
                Absence(code="NOT_APPLICABLE", reason="the packaged scorer runs on no accelerator"),
            ),
            not_measured(
                "energy",
                "J",
                Absence(code="INFEASIBLE", reason="the machine offers no power reading to its programs"),
            ),
        ),
        claim_boundary=(
            (
                "Measured on one shared machine with the packaged pure-Python scorer; "
                "other load was present and other machines will differ."
            ),
            "The time of measurement is a constant of the example, so that the pack can be made again.",
            "Reading weights and inputs is not in the times; peak memory includes parsing the weights.",
        ),
    )


def compared_with(release_id: str, description: str) -> tuple[str, ...]:
    """Overrides of an evaluation that compares decisions and losses with those of another release."""
    named = (("name", release_id), ("description", description))
    return tuple(f"baselines.{role}.{field}={text}" for role in ROLES for field, text in named)


def git_tree_id(folder: Path) -> str:
    """Git's object id of a folder of plain files, as `git rev-parse HEAD:<folder>` prints it."""
    entries = b""
    for item in sorted(path for path in folder.iterdir() if path.is_file()):
        data = item.read_bytes()
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).digest()
        entries += b"100644 " + item.name.encode("ascii") + b"\0" + blob
    return hashlib.sha1(b"tree %d\0" % len(entries) + entries, usedforsecurity=False).hexdigest()
