"""MLflow: runs that `mlflow-export-import` exported as JSON."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from proofpress.evidence.values import Number
from proofpress.exchange.foreign import Foreign, ForeignRow, Item, RefusedError
from proofpress.exchange.formats.found import files_named, place_of
from proofpress.exchange.reading import measured, read_object, text_of, utc, within
from proofpress.ingest.strict import pointer_of

_SPLIT: Final = "evaluation"


class MlflowExport:
    """Reads `run.json` files; a run is a release of its registered model, else of its experiment."""

    name = "mlflow"
    title = "MLflow runs exported as JSON: run.json"

    def items(self, source: Path) -> Iterator[Item]:
        """One release for each run."""
        for path in files_named(source, "run.json"):
            yield Item(name=place_of(path, source), family=str(path.parent.parent), files=(path,))

    def read(self, item: Item, root: Path) -> Foreign:
        """Read one run; of a metric's history the value of the last step counts."""
        read = read_object(item.files[0], root)
        place, body = read.file.path, read.value.get("mlflow")
        info = body.get("info") if isinstance(body, Mapping) else None
        if not isinstance(body, Mapping) or not isinstance(info, Mapping):
            raise RefusedError(f"{place} is no exported run: it has no mlflow/info")
        tags = within(body, "tags")
        run = text_of(info.get("run_id")) or text_of(info.get("run_uuid"))
        name = text_of(tags.get("registered_model_name")) or f"experiment-{text_of(info.get('experiment_id'))}"
        metrics = within(body, "metrics")
        params = body.get("params")
        ended = info.get("end_time")
        commit = text_of(tags.get("mlflow.source.git.commit"))
        return Foreign(
            name=name,
            version=run,
            upstream_id=run,
            files=(read.file,),
            rows=[_row(metric, steps, place) for metric, steps in metrics.items()],
            title=f"{name}, run {run[:12]}",
            run_id=run,
            training_run_id=run,
            commit=commit,
            evaluated_at=utc(Number(str(int(ended) // 1000))) if isinstance(ended, Decimal) else "",
            dataset_snapshot_id=text_of(tags.get("dataset")),
            parameters=dict(params) if isinstance(params, Mapping) else {},
            mapped={
                f"{place}#/mlflow/metrics": "model/eval_metrics.json#/rows",
                f"{place}#/mlflow/info/run_id": "model/eval_metrics.json#/run_id",
                **(
                    {f"{place}#/mlflow/tags/mlflow.source.git.commit": "model/eval_metrics.json#/commit"}
                    if commit
                    else {}
                ),
            },
            kept=dict(read.value),
            remarks=read.remarks,
        )


def _row(metric: str, steps: Any, place: str) -> ForeignRow:
    where: tuple[str, ...] = ("mlflow", "metrics", metric)
    value = steps
    if isinstance(steps, list | tuple):
        made = [(_key(each), at) for at, each in enumerate(steps) if isinstance(each, Mapping)]
        at = max(made)[1] if made else 0
        where, value = (*where, str(at), "value"), steps[at].get("value") if made else None
    number, reason = measured(value)
    return ForeignRow(name=metric, split=_SPLIT, value=number, reason=reason, source=f"{place}#{pointer_of(where)}")


def _key(step: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
    found = (step.get("step"), step.get("timestamp"))
    return tuple(value if isinstance(value, Decimal) else Decimal(0) for value in found)  # type: ignore[return-value]
