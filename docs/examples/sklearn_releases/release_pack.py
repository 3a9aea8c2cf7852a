"""One release of either family: measured results in, a whole pack out."""

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from assurance import write_assurance
from measurement import resampled, wilson

from proofpress.evidence.base import Absence
from proofpress.evidence.evaluation import MetricRow, SliceKey, Target
from proofpress.evidence.pack import PARAMS
from proofpress.evidence.preflight import PackageNeed, Requirements
from proofpress.pack.dataset import SnapshotFile, SplitRecords, write_dataset
from proofpress.pack.demo import run_demo
from proofpress.pack.efficiency import measure_latency, measure_peak_memory, not_measured, write_efficiency
from proofpress.pack.evaluation import Examples, Metric, Row, measure, write_evaluation, write_examples
from proofpress.pack.interface import fixed_input, write_interface
from proofpress.pack.model import ModelBytes, write_model, write_model_package
from proofpress.pack.preflight import write_preflight
from proofpress.pack.release import assemble, write_release
from proofpress.pack.training import environment, write_params, write_run_manifest, write_training
from proofpress.pack.writer import exact, write_bytes
from proofpress.render.sets import TemplateSets

HERE = Path(__file__).resolve().parent
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
    log: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Results on the test split: the rows, the baselines' rows, and which metric meets which baseline."""

    rows: Sequence[Row]
    baselines: Mapping[str, tuple[str, Sequence[Row]]]
    metrics: tuple[tuple[Metric, str], ...]
    sliced: tuple[tuple[Metric, str], ...]
    dimensions: Mapping[str, tuple[str, Sequence[str]]]
    targets: Mapping[str, Target]
    extra_rows: tuple[Callable[[Examples], MetricRow], ...] = ()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What people write about a release. Texts made from rows get them by key, e.g. `accuracy@test`."""

    release: Mapping[str, Any]
    model: Mapping[str, Any]
    negative_findings: Callable[[Mapping[str, MetricRow]], Sequence[str]]
    limitations: Sequence[str]
    training_notes: Sequence[str] = ()


def build(
    out: Path,
    *,
    family: str,
    release_id: str,
    released_at: str,
    evaluated_at: str,
    predecessor: tuple[str, str] | None,
    dataset: Dataset,
    trained: Trained,
    scored: Scored,
    demo: Demo,
    words: Words,
) -> str:
    """Write the pack `<out>/<family>/<release_id>` and return its pack_id."""
    folder = out / family / release_id
    shutil.rmtree(folder, ignore_errors=True)
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
        description=words.model,
    )
    evaluation_id = f"eval-{release_id}"
    _evaluate(
        folder,
        {
            "release_id": release_id,
            "model_id": model_id,
            "run_id": evaluation_id,
            "training_run_id": trained.run_id,
            "commit": commit,
            "dataset_snapshot_id": snapshot,
        },
        evaluated_at,
        trained,
        scored,
        words,
    )
    _measure_costs(folder, release_id, model_id, evaluation_id, evaluated_at, demo)
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
        surface=_surface(demo.script, scored, words.model),
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
    write_release(
        folder,
        release_id=release_id,
        family=family,
        released_at=released_at,
        predecessor=predecessor,
        fields={"licence": "Apache-2.0", "authors": AUTHORS, **words.release},
    )
    write_assurance(folder, family, release_id)
    return assemble(folder, profile="paper-demo", template_set=TemplateSets().newest())


def _surface(script: Path, scored: Scored, model: Mapping[str, Any]) -> dict[str, Any]:
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
                "name": metric.name,
                "contract": f"{metric.unit}, {'higher' if metric.higher_is_better else 'lower'} is better",
            }
            for metric, _baseline in scored.metrics
        ],
    }


def _evaluate(
    folder: Path,
    identity: Mapping[str, str],
    at: str,
    trained: Trained,
    scored: Scored,
    words: Words,
) -> None:
    examples = write_examples(folder, "test", scored.rows)
    baselines = {
        name: Examples(split="test", rows=tuple(sorted(rows, key=lambda row: str(row["key"]))))
        for name, (_, rows) in scored.baselines.items()
    }
    rows = [
        measure(
            metric,
            examples,
            baseline=(name, baselines[name]),
            interval=resampled,
            target=scored.targets.get(metric.name),
        )
        for metric, name in scored.metrics
    ]
    rows += [make(examples) for make in scored.extra_rows]
    rows += [
        measure(
            metric,
            examples,
            part=SliceKey(dimension=dimension, value=value),
            baseline=(name, baselines[name]),
            interval=wilson,
        )
        for metric, name in scored.sliced
        for dimension, (_, values) in scored.dimensions.items()
        for value in values
    ]
    by_key = {row.key: row for row in rows}
    write_evaluation(
        folder,
        identity=identity,
        evaluated_at=at,
        parameters=trained.parameters,
        examples=(examples,),
        rows=rows,
        baselines=[{"name": name, "description": text} for name, (text, _) in scored.baselines.items()],
        slice_dimensions=[
            {"name": name, "description": text, "partition": True} for name, (text, _) in scored.dimensions.items()
        ],
        negative_findings=words.negative_findings(by_key),
        limitations=words.limitations,
    )


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


def git_tree_id(folder: Path) -> str:
    """Git's object id of a folder of plain files, as `git rev-parse HEAD:<folder>` prints it."""
    entries = b""
    for item in sorted(path for path in folder.iterdir() if path.is_file()):
        data = item.read_bytes()
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).digest()
        entries += b"100644 " + item.name.encode("ascii") + b"\0" + blob
    return hashlib.sha1(b"tree %d\0" % len(entries) + entries, usedforsecurity=False).hexdigest()


def measured_row(name: str, value: float | Decimal, unit: str, *, n: int, digits: int = 6, **fields: Any) -> MetricRow:
    """A row that is no mean over examples, for example a count."""
    return MetricRow(
        name=name, split="test", value=exact(value, digits), unit=unit, n=n, **{"higher_is_better": None, **fields}
    )
