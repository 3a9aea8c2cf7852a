"""Views of template set 1: evidence prepared for printing. Released with the set; never edited afterwards."""

from functools import cached_property
from typing import Any

from proofpress.evidence.evaluation import EvalMetrics, MetricRow
from proofpress.evidence.pack import PARAMS, Evidence
from proofpress.evidence.release import CHANGELOG_SECTIONS
from proofpress.render.printed import Row, absence, fields, mapping, records, src, texts
from proofpress.render.sourced import Sourced

_RELEASE, _MODEL, _MANIFEST = "release.json", "model/model_package.json", "model/manifest.json"
_EVAL, _COST = "model/eval_metrics.json", "model/efficiency_report.json"
_TRAIN, _DEMO = "training/training_run.json", "demo/terminal_demo_manifest.json"
_DATA, _FILES, _SPLITS = (
    "dataset/dataset_package.json",
    "dataset/dataset_manifest.json",
    "dataset/split_integrity.json",
)


def _metric(row: MetricRow, index: int) -> Row:
    at = f"/rows/{index}"
    view: Row = {
        name: src(_EVAL, f"{at}/{name}", getattr(row, name))
        for name in (
            "name",
            "split",
            "unit",
            "n",
            "baseline",
            "baseline_value",
            "delta_vs_baseline",
            "ci_method",
        )
    }
    view["measured"] = row.value is not None
    view["value"] = (
        src(_EVAL, f"{at}/value", row.value) if row.value is not None else absence(_EVAL, f"{at}/absent", row.absent)
    )
    interval = row.ci_low is not None and row.ci_high is not None
    view["interval"] = Sourced(f"{row.ci_low} to {row.ci_high}" if interval else "none", f"{_EVAL}#{at}/ci_low")
    view["has_baseline"] = row.baseline is not None
    view["direction"] = Sourced(
        {True: "higher is better", False: "lower is better", None: "no direction"}[row.higher_is_better],
        f"{_EVAL}#{at}/higher_is_better",
    )
    view["target"] = Sourced(f"{row.target.op} {row.target.value}" if row.target else "", f"{_EVAL}#{at}/target")
    view["notes"] = Sourced(row.notes or "", f"{_EVAL}#{at}/notes")
    view["keys"] = Sourced(row.evaluated_keys_sha256 or "", f"{_EVAL}#{at}/evaluated_keys_sha256")
    if row.n is None:
        view["n"] = src(_EVAL, f"{at}/n", "not stated")
    if row.slice is not None:
        view["slice_value"] = src(_EVAL, f"{at}/slice/value", row.slice.value)
    return view


def _metrics(evaluation: EvalMetrics) -> Row:
    whole: list[Row] = []
    sliced: dict[tuple[str, str], list[Row]] = {}
    for index, row in enumerate(evaluation.rows):
        if row.slice is None:
            whole.append(_metric(row, index))
        else:
            sliced.setdefault((row.slice.dimension, row.split), []).append(_metric(row, index))
    about = {item.name: (index, item) for index, item in enumerate(evaluation.slice_dimensions)}
    slices = [
        {
            "dimension": dimension,
            "split": split,
            "rows": rows,
            "description": (
                src(
                    _EVAL,
                    f"/slice_dimensions/{about[dimension][0]}/description",
                    about[dimension][1].description,
                )
                if dimension in about
                else ""
            ),
            "partition": dimension in about and about[dimension][1].partition,
        }
        for (dimension, split), rows in sliced.items()
    ]
    return {"rows": whole, "slices": slices, "with_baseline": [row for row in whole if row["has_baseline"]]}


def _release(evidence: Evidence) -> Row:
    release = evidence.release
    view = fields(_RELEASE, release, ("release_id", "bundle", "family", "title", "version", "summary", "licence"))
    view["released_at"] = src(_RELEASE, "/released_at", release.released_at)
    view["predecessor"] = (
        src(_RELEASE, "/predecessor/release_id", release.predecessor.release_id) if release.predecessor else ""
    )
    view["intended_use"] = texts(_RELEASE, "/intended_use", release.intended_use)
    view["out_of_scope"] = texts(_RELEASE, "/out_of_scope", release.out_of_scope)
    view["authors"] = [
        src(_RELEASE, f"/authors/{index}/name", author.name) for index, author in enumerate(release.authors)
    ]
    view["changelog"] = [
        {
            "section": section.capitalize(),
            "entries": texts(_RELEASE, f"/changelog/{section}", getattr(release.changelog, section)),
        }
        for section in CHANGELOG_SECTIONS
        if getattr(release.changelog, section)
    ]
    view["support"] = (
        fields(_RELEASE, release.support, ())
        | {
            "until": src(_RELEASE, "/support/until", release.support.until),
            "note": src(_RELEASE, "/support/note", release.support.note),
        }
        if release.support
        else {}
    )
    view["deprecations"] = records(_RELEASE, "/deprecations", release.deprecations, ("name", "since", "replacement"))
    view["fixture"] = evidence.is_rehearsal
    return view


def _headline(evidence: Evidence) -> list[Row]:
    if evidence.evaluation is None:
        return []
    wanted = {(item.name, item.split) for item in evidence.release.headline}
    return [
        _metric(row, index)
        for index, row in enumerate(evidence.evaluation.rows)
        if row.slice is None and (row.name, row.split) in wanted
    ]


def _evaluation(evidence: Evidence) -> Row:
    evaluation = evidence.evaluation
    if evaluation is None:
        return {}
    return fields(
        _EVAL,
        evaluation,
        ("run_id", "training_run_id", "commit", "dataset_snapshot_id", "evaluated_at", "model_id"),
    ) | {
        "splits": records(_EVAL, "/splits", evaluation.splits, ("name", "n", "keys_sha256")),
        "baselines": records(_EVAL, "/baselines", evaluation.baselines, ("name", "description")),
        "parameters": mapping(_EVAL, "/parameters", evaluation.parameters),
        "conclusions": texts(_EVAL, "/conclusions", evaluation.conclusions),
        "negative_findings": texts(_EVAL, "/negative_findings", evaluation.negative_findings),
        "limitations": texts(_EVAL, "/limitations", evaluation.limitations),
        "metrics": _metrics(evaluation),
    }


def _efficiency(evidence: Evidence) -> Row:
    report = evidence.efficiency
    if report is None:
        return {}
    rows = records(_COST, "/rows", report.rows, ("name", "value", "unit", "batch_size", "repeats", "notes"))
    for index, (view, row) in enumerate(zip(rows, report.rows, strict=True)):
        if row.value is None:
            view["value"] = absence(_COST, f"/rows/{index}/absent", row.absent)
    return fields(_COST, report, ("measured_at",)) | {
        "rows": rows,
        "environment": mapping(_COST, "/environment", report.environment),
        "claim_boundary": texts(_COST, "/claim_boundary", report.claim_boundary),
    }


def _demo(evidence: Evidence) -> Row:
    demo = evidence.demo
    if demo is None:
        return {}
    names = ("path", "sha256", "size")
    return fields(
        _DEMO,
        demo,
        ("release_id", "model_id", "started_at", "duration_seconds", "exit_code", "stdout", "stderr"),
    ) | {
        "command": Sourced(" ".join(demo.command), f"{_DEMO}#/command"),
        "inputs": records(_DEMO, "/inputs", demo.inputs, names),
        "outputs": records(_DEMO, "/outputs", demo.outputs, names),
        "environment_note": Sourced(demo.environment_note or "", f"{_DEMO}#/environment_note"),
        "claim_boundary": texts(_DEMO, "/claim_boundary", demo.claim_boundary),
    }


class Views:
    """The evidence of one pack with the parts that several documents print, each prepared once."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence

    @cached_property
    def release(self) -> Row:
        """Identity, purpose and changelog."""
        return _release(self.evidence)

    @cached_property
    def headline(self) -> list[Row]:
        """The rows that stand for the release."""
        return _headline(self.evidence)

    @cached_property
    def evaluation(self) -> Row:
        """All of the evaluation; empty when there is none."""
        return _evaluation(self.evidence)

    @cached_property
    def efficiency(self) -> Row:
        """Measured costs; empty when there are none."""
        return _efficiency(self.evidence)

    @cached_property
    def demo(self) -> Row:
        """The demo run; empty when there is none."""
        return _demo(self.evidence)


def model_card(views: Views) -> Row:
    """Purpose, identity, headline values, limits and files of the model."""
    model = views.evidence.model
    if model is None:
        raise ValueError("no model package")
    files = views.evidence.model_manifest.files if views.evidence.model_manifest else ()
    return {
        "release": views.release,
        "model": fields(_MODEL, model, ("model_id", "run_id", "commit", "dataset_snapshot_id"))
        | {
            "architecture": src(_MODEL, "/architecture/name", model.architecture.name),
            "description": src(_MODEL, "/architecture/description", model.architecture.description),
            "size": Sourced(
                "not stated"
                if model.architecture.trainable_parameters is None
                else str(model.architecture.trainable_parameters),
                f"{_MODEL}#/architecture/trainable_parameters",
            ),
            "parameters": mapping(_MODEL, "/parameters", model.parameters),
            "inputs": records(_MODEL, "/inputs", model.inputs, ("name", "type", "shape", "description")),
            "outputs": records(_MODEL, "/outputs", model.outputs, ("name", "type", "shape", "description")),
            "usage": texts(_MODEL, "/usage", model.usage),
            "limitations": texts(_MODEL, "/limitations", model.limitations),
        },
        "files": records(_MANIFEST, "/files", files, ("path", "role", "sha256", "size")),
        "headline": views.headline,
        "evaluation": views.evaluation,
        "efficiency": views.efficiency,
    }


def eval_report(views: Views) -> Row:
    """Every measured value with interval, baseline and evaluated keys; conclusions and negative findings."""
    return {"release": views.release, "evaluation": views.evaluation}


def data_card(views: Views) -> Row:
    """The snapshot: sources, features, splits, class balance and leakage evidence."""
    data, splits = views.evidence.dataset, views.evidence.splits
    if data is None or splits is None:
        raise ValueError("no dataset package or split integrity")
    names = sorted({item.split for item in splits.class_balance})
    order = [split.name for split in data.splits if split.name in names]
    order += [name for name in names if name not in order]
    balance: dict[str, dict[str, Sourced]] = {}
    for index, item in enumerate(splits.class_balance):
        balance.setdefault(item.label, {})[item.split] = src(_SPLITS, f"/class_balance/{index}/n", item.n)
    return {
        "release": views.release,
        "data": fields(_DATA, data, ("dataset_snapshot_id", "name", "title", "description", "licence", "target"))
        | {
            "sources": records(_DATA, "/sources", data.sources, ("name", "reference", "licence")),
            "features": records(_DATA, "/features", data.features, ("name", "type", "unit", "description")),
            "splits": records(_DATA, "/splits", data.splits, ("name", "records", "keys_sha256", "purpose")),
            "preprocessing": texts(_DATA, "/preprocessing", data.preprocessing),
            "limitations": texts(_DATA, "/limitations", data.limitations),
        },
        "balance_splits": order,
        "balance": [
            {"label": label, "counts": [counts.get(split, Sourced("0")) for split in order]}
            for label, counts in balance.items()
        ],
        "keys": [
            fields(_SPLITS, item, ())
            | {
                "kind": src(_SPLITS, f"/keys/{index}/kind", item.kind),
                "description": src(_SPLITS, f"/keys/{index}/description", item.description),
                "files": records(_SPLITS, f"/keys/{index}/files", item.files, ("split", "path", "n", "sha256")),
            }
            for index, item in enumerate(splits.keys)
        ],
        "overlaps": records(_SPLITS, "/overlaps", splits.overlaps, ("kind", "left", "right", "n")),
        "files": records(
            _FILES,
            "/files",
            views.evidence.dataset_manifest.files if views.evidence.dataset_manifest else (),
            ("name", "sha256", "size", "records"),
        ),
    }


def training_run_card(views: Views) -> Row:
    """The run that made the model: command, parameters, environment, log and outputs."""
    run = views.evidence.training
    if run is None:
        raise ValueError("no training run")
    names = (
        "run_id",
        "commit",
        "dataset_snapshot_id",
        "seed",
        "started_at",
        "finished_at",
        "duration_seconds",
    )
    return {
        "release": views.release,
        "run": fields(_TRAIN, run, names)
        | {
            "command": Sourced(" ".join(run.command), f"{_TRAIN}#/command"),
            "parameters": mapping(_TRAIN, "/parameters", run.parameters),
            "environment": mapping(_TRAIN, "/environment", run.environment),
            "outputs": records(_TRAIN, "/outputs", run.outputs, ("path", "sha256", "size")),
            "log": records(_TRAIN, "/log", run.log, ("step", "name", "value")),
            "notes": texts(_TRAIN, "/notes", run.notes),
        },
        "promoted": mapping(PARAMS, "", views.evidence.promoted_parameters or {}),
    }


def transcript(views: Views) -> Row:
    """The captured demo run and what it does not show."""
    return {"release": views.release, "demo": views.demo}


def paper_draft(views: Views) -> Row:
    """A paper skeleton whose every number comes from the evidence."""
    model, data, run = views.evidence.model, views.evidence.dataset, views.evidence.training
    if model is None or data is None or run is None or views.evidence.evaluation is None:
        raise ValueError("no model package, dataset, training run or evaluation")
    return {
        "release": views.release,
        "generated": src(_EVAL, "/evaluated_at", views.evidence.evaluation.evaluated_at),
        "model": fields(_MODEL, model, ("model_id",))
        | {
            "architecture": src(_MODEL, "/architecture/name", model.architecture.name),
            "description": src(_MODEL, "/architecture/description", model.architecture.description),
            "parameters": mapping(_MODEL, "/parameters", model.parameters),
        },
        "data": fields(_DATA, data, ("dataset_snapshot_id", "title", "description", "licence"))
        | {"splits": records(_DATA, "/splits", data.splits, ("name", "records", "purpose"))},
        "run": fields(_TRAIN, run, ("run_id", "commit", "seed")),
        "evaluation": views.evaluation,
        "efficiency": views.efficiency,
        "demo": views.demo,
        "artifacts": records("manifest.json", "/files", _artifacts(views.evidence), ("path", "role")),
    }


def _artifacts(evidence: Evidence) -> tuple[Any, ...]:
    """The JSON documents of the pack: their names do not depend on the rendered draft itself."""
    return tuple(kind for kind, _document in evidence.documents())


DOCUMENTS: tuple[dict[str, Any], ...] = (
    {
        "name": "model_card",
        "path": "model/model_card.md",
        "title": "Model card",
        "needs": ("model",),
        "prepare": Views,
        "view": model_card,
    },
    {
        "name": "eval_report",
        "path": "model/eval_report.md",
        "title": "Evaluation report",
        "needs": ("evaluation",),
        "prepare": Views,
        "view": eval_report,
    },
    {
        "name": "data_card",
        "path": "dataset/data_card.md",
        "title": "Data card",
        "needs": ("dataset", "splits"),
        "prepare": Views,
        "view": data_card,
    },
    {
        "name": "training_run_card",
        "path": "training/training_run_card.md",
        "title": "Training run",
        "needs": ("training",),
        "prepare": Views,
        "view": training_run_card,
    },
    {
        "name": "transcript",
        "path": "demo/transcript.md",
        "title": "Demo transcript",
        "needs": ("demo",),
        "prepare": Views,
        "view": transcript,
    },
    {
        "name": "paper_draft",
        "path": "paper/paper_draft.md",
        "title": "Paper draft",
        "needs": ("model", "dataset", "training", "evaluation"),
        "prepare": Views,
        "view": paper_draft,
    },
)
