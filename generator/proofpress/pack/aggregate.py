"""Metrics files → one evaluation, which names the files that it came from and the configuration that it ran with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from proofpress.evidence.base import Model
from proofpress.evidence.evaluation import EvalMetrics, MetricRow, MetricsFile
from proofpress.evidence.model import ModelManifest
from proofpress.evidence.pack import EFFECTIVE_CONFIG
from proofpress.evidence.policy import Profile
from proofpress.pack.eval_config import write_effective_config
from proofpress.pack.evaluation import conclusion
from proofpress.pack.model import model_id_of
from proofpress.pack.training import resumption
from proofpress.pack.writer import (
    PackError,
    clear,
    kind_of,
    parse_document,
    private_path,
    produced,
    write_bytes,
    write_document,
)
from proofpress.verify.identity_graph import same_value
from proofpress.verify.profile import Profiles
from proofpress.verify.readiness import gaps, requirements
from proofpress.verify.rules.evaluation import config_parameters

_LABEL: Final = "proofpress.pack.evaluation"
_FOLDER: Final = "model/metrics"
IDENTITY: Final = ("release_id", "model_id", "run_id", "training_run_id", "commit", "dataset_snapshot_id")
_NAMED: Final = {"splits": "split", "baselines": "baseline", "slice_dimensions": "slice dimension"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSource:
    """A metrics file as it was given: the file name that it gets below `model/metrics/`, and its bytes."""

    name: str
    data: bytes


def aggregate(
    folder: Path,
    sources: Sequence[MetricsSource],
    *,
    config: Mapping[str, Any] | None = None,
    required: tuple[Profile, ...] = (),
) -> EvalMetrics:
    """Write `model/eval_metrics.json` from metrics files, which are kept byte for byte below `model/metrics/`.

    `config` is the effective configuration; `required` a profile and those it extends, whose rows must be there and
    which must accept the files' writers. Raises `PackError`, naming the files that disagree; then nothing is written.
    """
    # (1) each file for itself
    files = _read(sources)
    first_name, first = next(iter(files.items()), ("", None))
    if first is None:
        raise PackError("an evaluation needs at least one metrics file", hint="name one with --metrics")
    # (2) they tell of one run, of this model, and no row stands twice
    for name, file in files.items():
        _agree(first_name, first, name, file)
    _same_model(folder, first)
    rows = _rows(files)
    named = {field: _union(field, files) for field in _NAMED}
    # (3) what the profile and the configuration ask for
    _require(required, files, rows)
    _fits(config, first)
    # (4) write, after everything that an earlier run left is gone
    earlier = [f"{_FOLDER}/{path.name}" for path in (folder / _FOLDER).glob("*") if not path.is_dir()]
    clear(folder, (kind_of(EvalMetrics).path, EFFECTIVE_CONFIG, "model/eval_report.md", *earlier))
    for source in sources:
        write_bytes(folder, f"{_FOLDER}/{source.name}", source.data)
    if config is not None:
        write_effective_config(folder, config)
    return write_document(
        folder,
        EvalMetrics,
        {
            **{name: getattr(first, name) for name in IDENTITY},
            "evaluated_at": max(file.evaluated_at for file in files.values()),
            "parameters": first.parameters,
            **named,
            "rows": rows,
            "conclusions": [
                *(conclusion(row) for row in rows if row.slice is None),
                *_texts(files, "remarks"),
            ],
            "negative_findings": _texts(files, "negative_findings"),
            "limitations": _texts(files, "limitations"),
            "inputs": [
                produced(folder, f"{_FOLDER}/{name}") | {"generated_by": file.generated_by}
                for name, file in files.items()
            ],
            **({"effective_config": produced(folder, EFFECTIVE_CONFIG)} if config is not None else {}),
            **resumption(folder, first.training_run_id),
        },
        generated_by=_LABEL,
    )


def _read(sources: Sequence[MetricsSource]) -> dict[str, MetricsFile]:
    files: dict[str, MetricsFile] = {}
    kind = kind_of(MetricsFile)
    for source in sorted(sources, key=lambda source: source.name):
        path = f"{_FOLDER}/{source.name}"
        if not kind.holds(path):
            raise PackError(f"the metrics file '{source.name}' can't be named so", hint="call it <name>.json")
        if source.name in files:
            raise PackError(f"two metrics files are called {source.name}", hint="rename one of them")
        files[source.name] = parse_document(MetricsFile, source.data, path=path)
        if found := private_path(source.data.decode("utf-8")):
            raise PackError(
                f"{source.name} would publish the private path {found}",
                hint="let the evaluation program write paths relative to the pack",
            )
    return files


def _agree(first_name: str, first: MetricsFile, name: str, file: MetricsFile) -> None:
    for field in IDENTITY:
        mine, theirs = getattr(first, field), getattr(file, field)
        if mine != theirs:
            raise PackError(
                f"{name} has {field} {theirs}, {first_name} has {mine}: these files come from different runs",
                hint="take all metrics files from one run",
            )
    for field in sorted(first.parameters.keys() | file.parameters.keys()):
        mine, theirs = first.parameters.get(field, "nothing"), file.parameters.get(field, "nothing")
        if not same_value(mine, theirs):
            raise PackError(
                f"{name} was measured with {field} {theirs}, {first_name} with {mine}",
                hint="evaluate again with the same parameters",
            )


def _same_model(folder: Path, file: MetricsFile) -> None:
    if (folder / kind_of(ModelManifest).path).exists() and file.model_id != (model_id := model_id_of(folder)):
        raise PackError(
            f"the metrics describe model {file.model_id}, the folder holds {model_id}",
            hint="evaluate the model that is being released",
        )


def _rows(files: Mapping[str, MetricsFile]) -> list[MetricRow]:
    found: dict[str, tuple[str, MetricRow]] = {}
    for name, file in files.items():
        for row in file.rows:
            if row.key in found:
                other, known = found[row.key]
                said = "stands twice" if known == row else f"is {known.value} in {other}, but {row.value} in {name}"
                raise PackError(
                    f"{row.key} {said} (files {other} and {name})",
                    hint="each row is measured once; leave one of the files out, or evaluate again",
                )
            found[row.key] = (name, row)
    return [row for _name, row in found.values()]


def _union(field: str, files: Mapping[str, MetricsFile]) -> list[Model]:
    """Splits, baselines or slice dimensions of all files; what has the same name is the same."""
    found: dict[str, Any] = {}
    for name, file in files.items():
        for item in getattr(file, field):
            if found.setdefault(item.name, item) != item:
                raise PackError(
                    f"{name} describes the {_NAMED[field]} '{item.name}' differently from the other metrics files",
                    hint="evaluate all metrics on the same splits, against the same baselines",
                )
    return list(found.values())


def _texts(files: Mapping[str, MetricsFile], field: str) -> list[str]:
    """Texts of all files, each once, in their order."""
    return list(dict.fromkeys(text for file in files.values() for text in getattr(file, field)))


def _require(chain: tuple[Profile, ...], files: Mapping[str, MetricsFile], rows: Sequence[MetricRow]) -> None:
    if not chain:
        return
    lacking = list(_lacking(chain, rows))
    lacking += [
        f"a writer that is accepted, not '{file.generated_by}' of {name}"
        for name, file in files.items()
        if not Profiles().accepts(chain, "metrics", file.generated_by)
    ]
    if lacking:
        raise PackError(
            f"profile '{chain[0].name}' asks for more: {'; '.join(lacking)}",
            hint="measure what is missing; no evaluation was written",
        )


def _lacking(chain: tuple[Profile, ...], rows: Sequence[MetricRow]) -> Iterator[str]:
    by_key = {row.key: row for row in rows}
    dimensions = {row.slice.dimension for row in rows if row.slice}
    for profile in chain:
        for metric in profile.metrics:
            if (key := f"{metric.name}@{metric.split}") not in by_key:
                yield key
        yield from (f"slices by {name}" for name in profile.slice_dimensions if name not in dimensions)
    for required in requirements(chain):
        for gap in gaps(required, by_key.get(required.key)):
            yield f"{required.key} ({gap})"


def _fits(config: Mapping[str, Any] | None, file: MetricsFile) -> None:
    stated = config_parameters(config or {})
    for name in sorted(stated.keys() & file.parameters.keys()):
        if not same_value(stated[name], file.parameters[name]):
            raise PackError(
                f"the metrics were measured with {name} {file.parameters[name]}, the configuration says {stated[name]}",
                hint="give the configuration of the evaluated run, with the overrides that it was started with",
            )
