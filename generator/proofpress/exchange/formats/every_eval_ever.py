"""Every Eval Ever: the neutral schema of evaluation results, one JSON file for each evaluation of a model."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from proofpress.evidence.values import Number
from proofpress.exchange.foreign import Foreign, ForeignRow, Item, RefusedError
from proofpress.exchange.formats.found import files_below, place_of
from proofpress.exchange.reading import measured, read_object, text_of, utc, within


class EveryEvalEver:
    """Reads files of schema 0.1 to 0.3; an evaluation of a model is a release."""

    name = "every-eval-ever"
    title = "Every Eval Ever evaluation results"

    def items(self, source: Path) -> Iterator[Item]:
        """One release for each JSON file."""
        for path in files_below(source, lambda name: name.endswith(".json")):
            yield Item(name=place_of(path, source), family=str(path.parent), files=(path,))

    def read(self, item: Item, root: Path) -> Foreign:
        """Read one evaluation."""
        read = read_object(item.files[0], root)
        raw, place = read.value, read.file.path
        results, model = raw.get("evaluation_results"), raw.get("model_info")
        if not isinstance(results, list | tuple) or not isinstance(model, Mapping):
            raise RefusedError(f"{place} has no evaluation_results or no model_info")
        remarks = list(read.remarks)
        schema = text_of(raw.get("schema_version"))
        if not schema.startswith(("0.1.", "0.2.", "0.3.")):
            remarks.append(f"schema {schema or 'without a version'} is not one that was reviewed (0.1 to 0.3)")
        rows = [row for index, each in enumerate(results) for row in _row(each, f"{place}#/evaluation_results/{index}")]
        name = text_of(model.get("id")) or text_of(model.get("name"))
        evaluation = text_of(raw.get("evaluation_id"))
        origin = within(raw, "source_metadata")
        retrieved = text_of(raw.get("retrieved_timestamp")) or str(raw.get("retrieved_timestamp") or "")
        return Foreign(
            name=name,
            version=evaluation or place,
            upstream_id=evaluation or place,
            files=(read.file,),
            rows=rows,
            title=f"{name}: {evaluation}" if evaluation else name,
            authors=tuple(
                filter(None, [text_of(model.get("developer")) or text_of(origin.get("source_organization_name"))])
            ),
            run_id=evaluation,
            evaluated_at=utc(raw.get("evaluation_timestamp")),
            mapped={f"{place}#/evaluation_results": "model/eval_metrics.json#/rows"},
            kept={key: value for key, value in raw.items() if key != "evaluation_results"}
            | {"evaluation_results": [_rest(each) for each in results if isinstance(each, Mapping)]},
            remarks=[*remarks, *([f"retrieved at {utc(retrieved)}"] if utc(retrieved) else [])],
        )


def _row(raw: Any, place: str) -> Iterator[ForeignRow]:
    if not isinstance(raw, Mapping):
        return
    config, details = within(raw, "metric_config"), within(raw, "score_details")
    data = raw.get("source_data")
    task = text_of(raw.get("evaluation_name")) or "evaluation"
    metric = next(filter(None, (text_of(config.get(key)) for key in ("metric_name", "metric_id", "metric_kind"))), task)
    value, reason = measured(details.get("score"))
    lower = config.get("lower_is_better")
    spread = within(details, "uncertainty")
    count = spread.get("num_samples")
    split = text_of(data.get("dataset_name")) if isinstance(data, Mapping) else ""
    part = text_of(data.get("hf_split")) if isinstance(data, Mapping) else ""
    yield ForeignRow(
        name=metric[:200],
        split="/".join(filter(None, (task if metric != task else split or task, part)))[:200],
        value=value,
        reason=reason,
        n=int(count) if isinstance(count, Number) and count.is_integer_token and count >= 0 else None,
        unit={"proportion": "fraction"}.get(unit := text_of(config.get("metric_unit")), unit),
        higher_is_better=not lower if isinstance(lower, bool) else None,
        interval=_interval(spread.get("confidence_interval"), value),
        source=f"{place}/score_details/score",
    )


def _interval(raw: Any, value: Number | None) -> tuple[Number, Number, Number, str] | None:
    """An interval with its level, when it holds the value; others are kept as they are."""
    if not isinstance(raw, Mapping) or value is None:
        return None
    low, high, level = (measured(raw.get(key))[0] for key in ("lower", "upper", "confidence_level"))
    if low is None or high is None or level is None or not low <= value <= high or not 0 < level < 1:
        return None
    return low, high, level, text_of(raw.get("method")) or "not stated by the source"


def _rest(raw: Mapping[str, Any]) -> dict[str, Any]:
    details = raw.get("score_details")
    inner = (
        {key: value for key, value in details.items() if key != "score"} if isinstance(details, Mapping) else details
    )
    return {**raw, "score_details": inner}
