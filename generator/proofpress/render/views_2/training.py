"""The training run card of set 2: with the preflight, the checkpoint it went on from, and all files of the run."""

from proofpress.evidence.pack import KINDS
from proofpress.evidence.preflight import Check, TrainingPreflight
from proofpress.evidence.training import Checkpoint, TrainingRun
from proofpress.render import views_1
from proofpress.render.printed import Row, fields, records, src
from proofpress.render.sourced import Sourced

_PATHS = {kind.name: kind.path for kind in KINDS}
_RUN, _PREFLIGHT, _FILES = (_PATHS[name] for name in ("training", "preflight", "run_manifest"))
_CHECK = ("name", "required", "found")


def checks(file: str, items: tuple[Check, ...]) -> list[Row]:
    """The rows of a preflight, with their verdicts as words."""
    return [
        row | {"verdict": Sourced("ok" if item.ok else "failed", f"{file}#/checks/{index}/ok")}
        for index, (row, item) in enumerate(zip(records(file, "/checks", items, _CHECK), items, strict=True))
    ]


def training_run_card(views: views_1.Views) -> Row:
    """The run that made the model, what was checked before it, and what it left."""
    evidence = views.evidence
    run, manifest = evidence.training, evidence.run_manifest
    return views_1.training_run_card(views) | {
        "preflight": _preflight(evidence.preflight) if evidence.preflight else {},
        "resumed": _resumed(run, run.resumed_from) if run and run.resumed_from else {},
        "files": records(_FILES, "/files", manifest.files, ("path", "role", "sha256", "size")) if manifest else [],
    }


def _preflight(report: TrainingPreflight) -> Row:
    configuration, schema = report.configuration, report.configuration.validated_by
    where = f"{_PREFLIGHT}#/configuration"
    return fields(_PREFLIGHT, report, ("checked_at",)) | {
        "verdict": Sourced("passed" if report.ok else "failed", f"{_PREFLIGHT}#/ok"),
        "configuration": Sourced(configuration.path, f"{where}/path"),
        "configuration_sha256": Sourced(configuration.sha256, f"{where}/sha256"),
        "schema": Sourced(schema.path, f"{where}/validated_by/path") if schema else "",
        "schema_sha256": Sourced(schema.sha256, f"{where}/validated_by/sha256") if schema else "",
        "machine": [
            {"name": name, "value": src(_PREFLIGHT, f"/machine/{name}", getattr(report.machine, name))}
            for name in ("python", "implementation", "system", "machine", "cpus", "memory_bytes", "disk_free_bytes")
        ],
        "checks": checks(_PREFLIGHT, report.checks),
        "inputs": records(_PREFLIGHT, "/inputs", report.inputs, ("path", "sha256", "size")),
    }


def _resumed(run: TrainingRun, checkpoint: Checkpoint) -> Row:
    names = ("path", "sha256", "run_id", "dataset_snapshot_id", "config_sha256")
    return {name: src(_RUN, f"/resumed_from/{name}", getattr(checkpoint, name)) for name in names} | {
        "step": src(_RUN, "/resumed_step", run.resumed_step),
        "splits": records(_RUN, "/resumed_from/splits", checkpoint.splits, ("name", "keys_sha256")),
    }
