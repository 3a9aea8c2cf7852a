"""GLW02x: an evaluation says what was measured, where it came from, and nothing else."""

import re
from collections.abc import Iterator, Mapping, Sequence

from proofpress.evidence.finding import Finding
from proofpress.exchange.genolewm.documents import EvalMetrics, Metric
from proofpress.exchange.genolewm.files import Folder, TroubleError
from proofpress.exchange.genolewm.guarantee import Findings, guarantee, same
from proofpress.exchange.genolewm.layouts import rendered, stale
from proofpress.exchange.genolewm.package import METRICS, Package
from proofpress.exchange.genolewm.values import PLACEHOLDER, path_trouble
from proofpress.verify.rule import trouble

NEEDED = ("checkpoint", "config", "dataset_manifest", "eval_config", "efficiency_report")
REPORT, CONFIG = "eval_report.md", "eval_config.effective.yaml"
_MARKERS = {"scores": "geno-lewm-score", "baseline_scores": "geno-lewm-carbon-baseline"}
_VEP = ("auroc", "average_precision", "balanced_accuracy", "accuracy")
_ROLLOUT = ("cosine_similarity_mean", "l2_distance_mean", "recall_at_k")
COVERAGE: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "vep": {
        "clinvar_coding": _VEP,
        "clinvar_noncoding": _VEP,
        "brca2": ("spearman_rho",),
        "traitgym_mendelian": ("spearman_rho",),
    },
    "rollout": {"rollout_phased_haplotypes": _ROLLOUT, "rollout_synthetic_edit_chains": _ROLLOUT},
}
"""Metrics by split of each coverage that can be asked for; those of `vep` with interval and Carbon baseline."""


@guarantee("GLW020", "An evaluation names what it was made from")
def names_sources(package: Package) -> Findings:
    """The metrics name checkpoint, configuration, dataset manifest, effective evaluation configuration and efficiency
    report, and the scores of each baseline that a row is compared with.
    """
    for folder, path, metrics in package.evaluations:
        missing = [name for name in NEEDED if name not in metrics.artifacts]
        if any(row.baseline for row in metrics.metrics) and not any(_of_baseline(name) for name in metrics.artifacts):
            missing.append("baseline_scores")
        for name in missing:
            yield trouble(
                folder.place(path),
                "/artifacts",
                f"the artifact '{name}' is not named",
                expected=name,
                found=", ".join(sorted(metrics.artifacts)),
                hint="run the evaluation again with the option that records it",
            )


def _of_baseline(name: str) -> bool:
    return name.rpartition(".")[2] in {"baseline_scores", "baseline_rollout_states"}


@guarantee("GLW021", "Artifacts of an evaluation are files of the package")
def artifacts(package: Package) -> Findings:
    """Each artifact is a path inside the package, no address and no path of somebody's machine, and in a packaged
    model or dataset the file is there.
    """
    for folder, path, metrics in package.evaluations:
        for name, value in metrics.artifacts.items():
            problem = "is an address" if "://" in value else path_trouble(value)
            if problem:
                yield trouble(
                    folder.place(path),
                    f"/artifacts/{name}",
                    f"the artifact's path {problem}",
                    expected="a path relative to the package",
                    found=value,
                    hint="run the evaluation with an artifact root that holds all its files",
                )
            elif path == METRICS and (target := artifact_file(package, value)) is not None:
                yield from _is_there(*target)


def artifact_file(package: Package, path: str) -> tuple[Folder, str] | None:
    """Where an artifact of the packaged evaluation is; None when that part was not given."""
    first, _, rest = path.removeprefix("./").partition("/")
    if first in {"model", "dataset"}:
        return (package.folders[first], rest) if first in package.folders else None
    return package.part("model"), path


def _is_there(folder: Folder, path: str) -> Findings:
    try:
        folder.size(path)
    except TroubleError as exc:
        yield exc.finding


@guarantee("GLW022", "Score rows name the program that made them")
def score_rows(package: Package) -> Findings:
    """Every row of a score file carries the label of the scoring command, and every row of a baseline's score file
    that of the baseline's command: rows of another origin are no measurement of this model.
    """
    for name, path in package.metrics.artifacts.items():
        label = _MARKERS.get(name.rpartition(".")[2])
        target = artifact_file(package, path) if label and path_trouble(path) is None else None
        if label and target and target[0].has(target[1]):
            yield from _marked(*target, label)


def _marked(folder: Folder, path: str, label: str) -> Findings:
    count = 0
    for number, row in folder.rows(path):
        count += 1
        found = row.get("generated_by") if isinstance(row, dict) else None
        if found != label:
            yield trouble(
                folder.place(path),
                f"line {number}",
                "the row does not name the program that makes such rows",
                expected=label,
                found=found,
                hint="score again with the project's command",
            )
            return
    if not count:
        yield trouble(folder.place(path), "", "the file holds no row", expected="at least one row", found="none")


@guarantee("GLW023", "Conclusions name every measured row")
def conclusions(package: Package) -> Findings:
    """The conclusions name each row's metric, split and value, and its baseline with the difference to it. A split
    whose name is part of a metric's name must be named outside of it.
    """
    for folder, path, metrics in package.evaluations:
        text = "\n".join(metrics.conclusions)
        words = _words(text)
        apart = _without(words, {_words(row.name) for row in metrics.metrics})
        for index, row in enumerate(metrics.metrics):
            if unsaid := _unsaid(row, text, words, apart):
                yield trouble(
                    folder.place(path),
                    f"/metrics/{index}",
                    f"no conclusion names the row's {' and '.join(unsaid)}",
                    expected=f"{row.name}, {row.split}, {row.value}",
                    found=text[:200],
                    hint="state the measured row in a conclusion",
                )


def _unsaid(row: Metric, text: str, words: str, apart: str) -> Sequence[str]:
    said = {
        "metric": _words(row.name) in words,
        "split": _words(row.split) in apart,
        "value": _is_written(row.value, text),
        "baseline": row.baseline is None or _words(row.baseline) in words,
        "difference": row.delta_vs_baseline is None or _is_written(row.delta_vs_baseline, text),
    }
    return [name for name, there in said.items() if not there]


def _words(text: str) -> str:
    return " ".join(re.split(r"[^a-z0-9]+", text.lower())).strip()


def _without(words: str, names: set[str]) -> str:
    for name in sorted(names, key=lambda item: (-len(item), item)):
        words = re.sub(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", " ", f" {words} ")
    return " ".join(words.split())


def _is_written(value: float, text: str) -> bool:
    forms = {f"{value:.6g}", str(value), f"{value:.6f}".rstrip("0").rstrip(".")}
    if value.is_integer():
        forms |= {str(int(value)), f"{value:.1f}"}
    return any(re.search(rf"(?<![0-9A-Za-z_]){re.escape(form)}(?![0-9A-Za-z_])", text) for form in forms if form)


@guarantee("GLW024", "A baseline in the report has its scores")
def baseline_scores(package: Package) -> Findings:
    """A packaged report that compares with a baseline names the baseline's scores, the model's own or those of a
    numbered input of the aggregate.
    """
    metrics = package.metrics
    compared = any(row.baseline and row.baseline not in {"not reported", "-"} for row in metrics.metrics)
    if compared and not any(re.fullmatch(r"(input_\d+\.)?baseline_scores", name) for name in metrics.artifacts):
        place = package.part("model").place(METRICS)
        yield trouble(
            place, "/artifacts", "rows have a baseline, but its scores are not named", expected="baseline_scores"
        )


@guarantee("GLW025", "The evaluation report is the metrics' own")
def report(package: Package) -> Findings:
    """`eval_report.md` equals what the metrics give, and holds no placeholder word. An evaluation that stands alone
    may keep its report beside one of its metrics files.
    """
    if "model" in package.folders:
        folder, path = package.part("model"), package.manifest.eval.file
        yield from stale(folder, path, rendered(REPORT, it=package.metrics), METRICS)
        yield from _unfinished(folder, path)
    elif "evaluation" in package.folders and package.part("evaluation").has(REPORT):
        folder = package.part("evaluation")
        found = [list(stale(folder, REPORT, _alone(folder, item[2]), item[1])) for item in package.evaluations]
        if found and all(found):
            yield from min(found, key=lambda item: -int(item[0].pointer.removeprefix("line ")))
        yield from _unfinished(folder, REPORT)


def _alone(folder: Folder, metrics: EvalMetrics) -> str:
    """The report of metrics that stand alone; where they state no time, the report's own holds."""
    time = re.search(r"(?m)^Generated: (.+)$", folder.text(REPORT))
    timed = metrics if metrics.generated_at or time is None else metrics.model_copy(update={"generated_at": time[1]})
    return rendered(REPORT, it=timed)


def _unfinished(folder: Folder, path: str) -> Iterator[Finding]:
    if word := PLACEHOLDER.search(folder.text(path)):
        yield Finding(rule="GLW006", file=folder.place(path), message=f"the placeholder word '{word[0]}' stands here")


@guarantee("GLW026", "Metrics that belong together are of one evaluation")
def one_evaluation(package: Package) -> Findings:
    """Metrics files that are given together name the same model, release, dataset snapshot, commit and hardware, and
    the same core artifacts: an aggregate of different runs would describe a model that nobody has.
    """
    found = package.evaluations
    for folder, path, metrics in found[1:]:
        first = found[0][2]
        for name in ("model_id", "model_release", "dataset_snapshot", "commit", "hardware"):
            stated = (getattr(first, name), getattr(metrics, name))
            yield from same(folder.place(path), f"/{name}", f"the {name}", *stated, found[0][1])
        for name in () if is_aggregate(metrics) or is_aggregate(first) else NEEDED:
            core = (first.artifacts.get(name), metrics.artifacts.get(name))
            yield from same(folder.place(path), f"/artifacts/{name}", f"the artifact {name}", *core, found[0][1])


@guarantee("GLW027", "Each row is measured once")
def rows_once(package: Package) -> Findings:
    """Two rows of the inputs of an aggregate have the same split and metric, so that nobody can know which value
    holds.
    """
    seen: dict[tuple[str, str], str] = {}
    for folder, path, metrics in package.evaluations:
        if path == METRICS or is_aggregate(metrics):
            continue
        for index, row in enumerate(metrics.metrics):
            key = (row.split, row.name)
            if key in seen:
                message = f"{row.name} on {row.split} was measured in {seen[key]} too"
                yield trouble(folder.place(path), f"/metrics/{index}", message, found=str(row.value))
            seen.setdefault(key, path)


def is_aggregate(metrics: EvalMetrics) -> bool:
    """Whether a metrics file aggregates others."""
    return any(name.startswith("metrics_input_") for name in metrics.artifacts)


@guarantee("GLW028", "An effective configuration belongs to an aggregate")
def finished(package: Package) -> Findings:
    """The aggregate writes its effective configuration first and its metrics and report last. A configuration without
    an aggregate that records it is what a refused evaluation leaves behind.
    """
    folder = package.part("evaluation")
    recorded = {
        metrics.artifacts.get("eval_config") for _folder, _path, metrics in package.evaluations if is_aggregate(metrics)
    }
    for path in sorted(folder.sizes):
        name = path.rpartition("/")[2]
        if name == CONFIG and not recorded & {path, name}:
            yield trouble(
                folder.place(path),
                "",
                "no aggregate of the metrics records this configuration",
                expected="aggregated metrics that name it as eval_config",
                found=", ".join(sorted(item[1] for item in package.evaluations)) or "no metrics",
                hint="run the aggregation to its end; it says why it stopped",
            )


@guarantee("GLW029", "The asked coverage is measured")
def coverage(package: Package) -> Findings:
    """With `--require vep` the metrics hold the rows of coding and non-coding ClinVar, BRCA2 and TraitGym, each with
    interval, Carbon baseline and evaluated keys; with `--require rollout` the rollout-fidelity rows.
    """
    rows = [row for _folder, _path, metrics in package.evaluations for row in metrics.metrics]
    place = package.evaluations[0] if package.evaluations else None
    for asked in package.parts.coverage:
        for split, names in COVERAGE[asked].items():
            there = {row.name.removeprefix(f"{split}_"): row for row in rows if row.split == split}
            whole = [row for row in rows if row.split == split and row.name.removeprefix(f"{split}_") in names]
            poor = {row.name for row in whole if asked == "vep" and not _is_whole(row)}
            for name in sorted({name for name in names if name not in there} | poor):
                yield trouble(
                    place[0].place(place[1]) if place else "",
                    "/metrics",
                    f"{name} on {split} is not measured as it must be for '{asked}'",
                    expected="the row, with interval, Carbon baseline and keys" if asked == "vep" else "the row",
                    found="no such row" if name not in poor else "a row without all of these",
                )


def _is_whole(row: Metric) -> bool:
    return row.ci_low is not None and row.baseline == "carbon_zero_shot"


EVALUATION = (
    names_sources,
    artifacts,
    score_rows,
    conclusions,
    baseline_scores,
    report,
    one_evaluation,
    rows_once,
    finished,
    coverage,
)
