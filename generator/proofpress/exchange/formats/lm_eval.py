"""lm-evaluation-harness: results of old versions (`acc`) and of 0.4 (`acc,none`, with counts and directions)."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from proofpress.evidence.values import Number
from proofpress.exchange.foreign import Foreign, ForeignRow, Item, RefusedError
from proofpress.exchange.formats.found import files_below, natural, place_of
from proofpress.exchange.reading import measured, read_object, text_of, utc, within
from proofpress.ingest.strict import pointer_of

_STEP: Final = re.compile(r"(?:^|[_-])(?:step|checkpoint|global_step)-?(\d{1,9})(?:$|[_.-])")
_STAMP: Final = re.compile(r"_?(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}(?:\.\d+)?)")
_NONE: Final = "none"


class LmEval:
    """Reads result files, one release each: a checkpoint of a training run, or a run of the harness."""

    name = "lm-eval"
    title = "lm-evaluation-harness results"

    def items(self, source: Path) -> Iterator[Item]:
        """One release for each JSON file; those of a folder in the order of the numbers in their names."""
        folders: dict[Path, list[Path]] = {}
        for path in files_below(source, lambda name: name.endswith(".json") and not name.startswith("samples_")):
            folders.setdefault(path.parent, []).append(path)
        for folder, paths in folders.items():
            for path in sorted(paths, key=lambda each: natural(each.name)):
                yield Item(name=place_of(path, source), family=str(folder), files=(path,))

    def read(self, item: Item, root: Path) -> Foreign:
        """Read one result file."""
        path = item.files[0]
        read = read_object(path, root)
        raw, place = read.value, read.file.path
        results = raw.get("results")
        if not isinstance(results, Mapping):
            raise RefusedError(f"{place} has no results by task")
        config = within(raw, "config")
        args = _arguments(config.get("model_args"))
        model = text_of(raw.get("model_name")) or args.get("pretrained", "") or text_of(config.get("model"))
        if "/" in model and (model.startswith((".", "/", "~")) or model.count("/") > 1):
            model = model.rstrip("/").rpartition("/")[2]
        revision = args.get("revision", "") or text_of(config.get("model_revision"))
        step = _STEP.search(revision) or _STEP.search(path.stem)
        setting = _setting(config, raw, path)
        rows, left = _rows(results, raw, place)
        stamp = _STAMP.search(path.stem)
        name = "-".join(filter(None, (model.rpartition("/")[2] or path.parent.name, setting)))
        version = f"step{step[1]}" if step else revision or (stamp[1] if stamp else path.stem)
        if revision == "main" or (not step and stamp):
            version = stamp[1] if stamp else path.stem
        owner = model.partition("/")[0] if "/" in model else ""
        mapped = {f"{place}#/results": "model/eval_metrics.json#/rows"}
        taken = {"results", "n-samples", "higher_is_better"}
        return Foreign(
            name=name,
            version=version,
            order=int(step[1]) if step else None,
            upstream_id=f"{model or name}@{revision or version}",
            files=(read.file,),
            rows=rows,
            title=f"{name} {version}",
            authors=(owner,) if owner else (),
            commit=text_of(config.get("model_sha")),
            evaluated_at=utc(raw.get("date")),
            headline=("acc", "exact_match", "acc_norm"),
            mapped=mapped,
            kept={**{key: value for key, value in raw.items() if key not in taken}, "results": left},
            remarks=[
                *read.remarks,
                *([f"the training step {step[1]} stands as the last number of the version"] if step else []),
                *(["metrics are named with their filter; ',none' was left out"] if _is_new(results) else []),
                "standard errors are kept as they are: the source states no interval",
            ],
        )


def _setting(config: Mapping[str, Any], raw: Mapping[str, Any], path: Path) -> str:
    """What tells evaluations of one checkpoint apart: the number of examples that were shown, the folder's name."""
    shots = config.get("num_fewshot")
    if isinstance(shots, Number):
        return "-".join(filter(None, (f"{shots}-shot", _variant(path))))
    each = raw.get("n-shot")
    found = {str(value) for value in each.values()} if isinstance(each, Mapping) else set()
    return f"{found.pop()}-shot" if len(found) == 1 else ""


def _variant(path: Path) -> str:
    return path.parent.name if path.parent.name in {"intervention", "baseline"} else ""


def _arguments(text: Any) -> dict[str, str]:
    """`model_args`: a text of `name=value` joined by commas, or a mapping."""
    if isinstance(text, Mapping):
        return {str(name): text_of(value) for name, value in text.items()}
    pairs = (part.partition("=") for part in text_of(text).split(","))
    return {name.strip(): value.strip() for name, _equals, value in pairs}


def _is_new(results: Mapping[str, Any]) -> bool:
    return any("," in name for task in results.values() if isinstance(task, Mapping) for name in task)


def _rows(
    results: Mapping[str, Any], raw: Mapping[str, Any], place: str
) -> tuple[list[ForeignRow], dict[str, dict[str, Any]]]:
    """Rows by task, and what is not a row: standard errors, aliases."""
    rows: list[ForeignRow] = []
    left: dict[str, dict[str, Any]] = {}
    for task, scores in results.items():
        if not isinstance(scores, Mapping):
            left[str(task)] = {"": scores}
            continue
        samples = _inner(raw.get("n-samples"), task)
        count = samples.get("effective") if isinstance(samples, Mapping) else None
        directions = _inner(raw.get("higher_is_better"), task)
        for key, value in scores.items():
            metric, _comma, filter_ = key.partition(",")
            if (
                metric.endswith("_stderr")
                or key in {"alias", "name", "sample_len"}
                or isinstance(value, Mapping | list)
            ):
                left.setdefault(str(task), {})[key] = value
                continue
            number, reason = measured(value)
            direction = directions.get(metric) if isinstance(directions, Mapping) else None
            rows.append(
                ForeignRow(
                    name=metric if filter_ in {"", _NONE} else f"{metric},{filter_}",
                    split=str(task),
                    value=number,
                    reason=reason,
                    n=int(count) if isinstance(count, Number) and count.is_integer_token else None,
                    higher_is_better=direction if isinstance(direction, bool) else None,
                    source=f"{place}#{pointer_of(('results', task, key))}",
                    renamed_from=key if filter_ == _NONE else "",
                )
            )
    return rows, left


def _inner(holder: Any, key: Any) -> Any:
    return holder.get(key) if isinstance(holder, Mapping) else None
