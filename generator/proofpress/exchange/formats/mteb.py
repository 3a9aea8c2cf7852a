"""MTEB: results by model and revision, one JSON file for each task."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from proofpress.exchange.foreign import Foreign, ForeignFile, ForeignRow, Item, RefusedError
from proofpress.exchange.formats.found import files_below, place_of
from proofpress.exchange.known_metrics import known_metric
from proofpress.exchange.reading import leaves, measured, read_object, text_of
from proofpress.ingest.strict import pointer_of

_META: Final = "model_meta.json"
_ROW: Final = frozenset({"hf_subset", "languages"})
_SIMILARITIES: Final = frozenset({"cos_sim", "dot", "euclidean", "manhattan", "max", "similarity"})
_DEEP: Final = ("_at_1000", "_at_100", "_at_20", "_at_5", "_at_3", "_at_1")


class Mteb:
    """Reads `<model>/<revision>/<task>.json`; a revision is a release, and `model_meta.json` describes it."""

    name = "mteb"
    title = "MTEB results: <model>/<revision>/<task>.json"

    def items(self, source: Path) -> Iterator[Item]:
        """One release for each folder with JSON files."""
        folder: Path | None = None
        held: list[Path] = []
        for path in files_below(source, lambda name: name.endswith(".json")):
            if path.parent != folder and folder is not None:
                yield _item(folder, held, source)
                held = []
            folder = path.parent
            held.append(path)
        if folder is not None:
            yield _item(folder, held, source)

    def read(self, item: Item, root: Path) -> Foreign:
        """Read the tasks of one revision, one file after the other."""
        folder = item.files[0].parent
        model, revision = folder.parent.name, folder.name
        rows: list[ForeignRow] = []
        files: list[ForeignFile] = []
        remarks: list[str] = []
        kept: dict[str, Any] = {}
        no_place: dict[str, str] = {}
        meta: dict[str, Any] = {}
        for path in item.files:
            try:
                read = read_object(path, root)
            except RefusedError as exc:
                no_place[path.name] = str(exc)
                continue
            files.append(read.file)
            remarks += [f"{path.name}: {text}" for text in read.remarks]
            if path.name == _META:
                meta = read.value
                continue
            found, rest = _task(read.value, path.name, no_place)
            if not found:
                no_place[path.name] = "it holds no score that a row could stand for; kept under extensions"
            rows += found
            kept[path.stem] = rest
        name = text_of(meta.get("name")) or model.replace("__", "/")
        if meta and text_of(meta.get("revision")) not in {"", revision}:
            remarks.append(f"{_META} states the revision {text_of(meta.get('revision'))}, the folder {revision}")
        owner, _slash, _rest = name.partition("/")
        is_hash = len(revision) == 40 and not set(revision) - set("0123456789abcdef")
        return Foreign(
            name=name,
            version=revision[:12] if is_hash else revision,
            upstream_id=f"{name}@{revision}",
            files=tuple(files),
            rows=rows,
            title=f"{name} at {revision[:12]}",
            licence=text_of(meta.get("license")),
            authors=(owner,) if "/" in name else (),
            commit=revision if is_hash else "",
            parameters={},
            headline=("main_score",),
            mapped={
                f"{model}/{revision}": "model/eval_metrics.json#/commit",
                **({f"{_META}#/license": "release.json#/licence"} if meta.get("license") else {}),
            },
            kept={"model_meta": meta, "tasks": kept},
            no_place=no_place,
            remarks=remarks,
        )


def _item(folder: Path, files: list[Path], source: Path) -> Item:
    return Item(name=place_of(folder, source), family=str(folder.parent), files=tuple(files))


def _task(raw: Mapping[str, Any], file: str, no_place: dict[str, str]) -> tuple[list[ForeignRow], dict[str, Any]]:
    """The rows of one task, and what of it has no field of ours."""
    name = text_of(raw.get("task_name")) or text_of(raw.get("mteb_dataset_name")) or file.removesuffix(".json")
    rest = {key: value for key, value in raw.items() if key not in {"scores", "task_name"}}
    scores = raw.get("scores")
    if not isinstance(scores, Mapping):
        return _old_task(raw, name, file)
    rows: list[ForeignRow] = []
    others: dict[str, Any] = {}
    for split, entries in scores.items():
        for index, entry in enumerate(entries if isinstance(entries, list | tuple) else ()):
            if not isinstance(entry, Mapping):
                no_place[f"{file}#{pointer_of(('scores', split, index))}"] = "not an object"
                continue
            subset = text_of(entry.get("hf_subset")) or "default"
            where = f"{name}/{split}" + (f"/{subset}" if subset != "default" else "")
            left: dict[str, Any] = {}
            for metric, value in entry.items():
                if metric in _ROW:
                    continue
                if not _is_row(metric, value):
                    left[metric] = value
                    continue
                number, reason = measured(value)
                source = file + "#" + pointer_of(("scores", split, index, metric))
                rows.append(ForeignRow(name=metric, split=where, value=number, reason=reason, source=source))
            others[where] = {"languages": entry.get("languages"), **left}
    return rows, {**rest, "scores": others}


def _old_task(raw: Mapping[str, Any], name: str, file: str) -> tuple[list[ForeignRow], dict[str, Any]]:
    """The rows of a task in the form before MTEB 1.11: by split, and there by language, by similarity or neither."""
    splits = {key: value for key, value in raw.items() if isinstance(value, Mapping)}
    rows: list[ForeignRow] = []
    others: dict[str, Any] = {}
    for split, scores in splits.items():
        for path, value in leaves(scores):
            subset = str(path[0]) if len(path) > 1 and path[0] not in _SIMILARITIES else ""
            metric = ".".join(str(part) for part in (path[1:] if subset else path))
            where = f"{name}/{split}" + (f"/{subset}" if subset not in {"", "default"} else "")
            if not _is_row(metric, value):
                others.setdefault(where, {})[metric] = value
                continue
            number, reason = measured(value)
            source = file + "#" + pointer_of((split, *path))
            rows.append(ForeignRow(name=metric, split=where, value=number, reason=reason, source=source))
    return rows, {**{key: value for key, value in raw.items() if key not in splits}, "scores": others}


def _is_row(metric: str, value: Any) -> bool:
    """Whether a score becomes a row: the main score and the known metrics, of those by depth the one at 10."""
    if isinstance(value, Mapping | list | tuple | bool):
        return False
    return metric == "main_score" or (known_metric(metric) is not None and not metric.endswith(_DEEP))
