"""Slice suites against values computed by hand, and what a suite refuses."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from statistics import NormalDist, fmean, stdev
from typing import Any

import pytest
from pydantic import ValidationError

from complete_pack import CONFIG, METRICS, CompletePack
from pack_builder import EVAL, PackBuilder
from proofpress.cli import main
from proofpress.evidence.intervals import mean_interval, wilson_interval
from proofpress.evidence.policy import Profile
from proofpress.evidence.slices import SliceSuite, SuiteDimension, SuiteMetric
from proofpress.evidence.values import Number
from proofpress.ingest.strict import parse_json, parse_yaml
from proofpress.pack.aggregate import MetricsSource, aggregate
from proofpress.pack.intervals import Z
from proofpress.pack.slices import SLICES, write_slices
from proofpress.pack.writer import PackError
from proofpress.verify import Profiles

RESULTS = "model/per_example/test.jsonl"
CLASS: Mapping[str, Any] = {"name": "class", "description": "The true answer.", "field": "label"}
ACCURACY: Mapping[str, Any] = {"name": "accuracy", "kind": "accuracy"}


def suite(*dimensions: Mapping[str, Any], metrics: Any = (ACCURACY,), **fields: Any) -> SliceSuite:
    return SliceSuite(
        dimensions=tuple(SuiteDimension(**item) for item in dimensions),
        metrics=tuple(SuiteMetric(**item) for item in metrics),
        **fields,
    )


def measured(pack: PackBuilder, *dimensions: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """value, low, high, n of each row by its key."""
    done = write_slices(pack.folder, suite(*dimensions, **fields))
    return {row.key: (row.value, row.ci_low, row.ci_high, row.n) for row in done.rows}


def with_field(pack: PackBuilder, name: str, *values: Any) -> PackBuilder:
    """Give each of the four results a further field."""
    lines = (pack / RESULTS).read_text().splitlines()
    rows = [f'{line[:-1]}, "{name}": {json.dumps(value)}}}\n' for line, value in zip(lines, values, strict=True)]
    return pack.write(RESULTS, "".join(rows))


# ── values by hand ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [  # from Newcombe (1998), Statistics in Medicine 17, table I, method 3
        (81, 263, "0.2553", "0.3662"),
        (15, 148, "0.0624", "0.1605"),
        (0, 20, "0", "0.1611"),
        (1, 29, "0.0061", "0.1718"),
    ],
)
def test_wilson_intervals_are_the_published_ones(hits: int, n: int, low: str, high: str) -> None:
    found = wilson_interval(hits, n, Z["0.95"])
    assert [round(bound, 4) for bound in found] == [Decimal(low), Decimal(high)]


def test_quantiles_are_those_of_the_normal_distribution() -> None:
    for level, z in Z.items():
        assert float(z) == pytest.approx(NormalDist().inv_cdf((1 + float(level)) / 2), abs=1e-12)


def test_a_mean_has_the_normal_interval() -> None:
    values = [Decimal(text) for text in ("1.5", "2.25", "0.5", "4", "3.75")]
    bounds = mean_interval(values, Z["0.95"])
    assert bounds is not None
    plain = [float(value) for value in values]
    half = 1.959963984540054 * stdev(plain) / 5**0.5
    assert [float(bound) for bound in bounds] == pytest.approx([fmean(plain) - half, fmean(plain) + half], abs=1e-12)
    assert mean_interval(values[:1], Z["0.95"]) is None


def test_slices_of_the_tiny_pack(pack: PackBuilder) -> None:
    metrics = ({"name": "accuracy", "kind": "accuracy"}, {"name": "error_rate", "kind": "error_rate"})
    found = measured(pack, CLASS, metrics=metrics)
    assert {key: tuple(map(str, row)) for key, row in found.items()} == {
        "accuracy@test[class=even]": ("1.000000", "0.342380", "1.000000", "2"),
        "accuracy@test[class=odd]": ("0.500000", "0.094531", "0.905469", "2"),
        "error_rate@test[class=even]": ("0.000000", "0.000000", "0.657620", "2"),
        "error_rate@test[class=odd]": ("0.500000", "0.094531", "0.905469", "2"),
    }
    assert pack.reseal().verify().findings == ()
    dimension = pack.value(EVAL, "/slice_dimensions/1")
    assert dimension == {"name": "class", "description": "The true answer.", "partition": True}


def test_a_mean_of_a_field_in_ranges(pack: PackBuilder) -> None:
    with_field(pack, "seconds", 0.5, 1.5, 2.5, 10)
    ranges = {"name": "pace", "description": "Seconds.", "field": "seconds", "edges": (Number("1"), Number("2.50"))}
    seconds = {"name": "seconds", "kind": "mean", "field": "seconds", "unit": "s", "higher_is_better": False}
    found = measured(pack, ranges, metrics=(seconds,))
    assert {key: (str(row[0]), row[3]) for key, row in found.items()} == {
        "seconds@test[pace=1 to below 2.50]": ("1.500000", 1),
        "seconds@test[pace=2.50 and above]": ("6.250000", 2),
        "seconds@test[pace=below 1]": ("0.500000", 1),
    }
    assert found["seconds@test[pace=below 1]"][1] is None
    assert pack.reseal().verify().findings == ()


def test_a_key_pattern_and_chosen_values(pack: PackBuilder) -> None:
    last = {"name": "digit", "description": "Last digit.", "key_pattern": "([0-9])$", "values": ("0", "3", "7")}
    found = measured(pack, last)
    assert {key: row[0] if row[0] is None else str(row[0]) for key, row in found.items()} == {
        "accuracy@test[digit=0]": "1.000000",
        "accuracy@test[digit=3]": "0.000000",
        "accuracy@test[digit=7]": None,
    }
    row = next(row for row in pack.json(EVAL)["rows"] if row.get("slice") == {"dimension": "digit", "value": "7"})
    assert row["absent"] == {"code": "INFEASIBLE", "reason": "the slice holds no example"}
    assert pack.value(EVAL, "/slice_dimensions/1/partition") is False
    assert pack.reseal().verify().findings == ()


def test_a_small_slice_stands_without_value(pack: PackBuilder) -> None:
    found = measured(pack, CLASS, minimum=3)
    assert [row[0] for row in found.values()] == [None, None]
    reason = pack.value(EVAL, "/rows/4/absent/reason")
    assert reason == "the slice holds 2 examples, fewer than the 3 that the suite asks for"
    assert pack.reseal().verify().findings == ()


# ── what is written ──────────────────────────────────────────────────────────────────────────────────


def test_a_dimension_of_the_run_keeps_baseline_and_target(pack: PackBuilder) -> None:
    pack.corrupt(EVAL, "/rows/1/target", {"op": ">=", "value": Number("0.9")}).corrupt(EVAL, "/rows/1/notes", "Seen.")
    before = pack.json(EVAL)
    measured(pack, {"name": "parity", "description": "By the true answer."})
    after = pack.json(EVAL)
    assert len(after["rows"]) == 3
    for old, new in zip(before["rows"], after["rows"], strict=True):
        added = {"ci_low", "ci_high", "ci_level", "ci_method"} if old.get("slice") else set()
        assert {name: value for name, value in new.items() if name not in added} == {
            name: value for name, value in old.items() if name not in added
        }
    assert {name: value for name, value in after.items() if name != "rows"} == {
        name: value for name, value in before.items() if name != "rows"
    }
    assert pack.reseal().verify().findings == ()


def test_running_it_again_changes_nothing(pack: PackBuilder) -> None:
    first = write_slices(pack.folder, suite(CLASS))
    files = (pack / EVAL).read_bytes(), (pack / RESULTS).read_bytes()
    assert first.outputs == (RESULTS, EVAL)
    assert write_slices(pack.folder, suite(CLASS)).outputs == (EVAL,)
    assert files == ((pack / EVAL).read_bytes(), (pack / RESULTS).read_bytes())


def test_labels_follow_the_suite_and_other_fields_stay(pack: PackBuilder) -> None:
    with_field(pack, "score", 0.25, 1e-7, 3, "x")
    pack.replace(RESULTS, "1e-07", "1.0e-07")
    write_slices(pack.folder, suite(CLASS))
    rows = [parse_json(line) for line in (pack / RESULTS).read_bytes().splitlines()]
    assert [row["slices"] for row in rows] == [
        {"parity": name, "class": name} for name in ("even", "odd", "even", "odd")
    ]
    assert [str(row["score"]) for row in rows] == ["0.25", "1.0e-07", "3", "x"]
    gone = {"name": "class", "description": "The true answer.", "key_pattern": "^t2([01])"}
    write_slices(pack.folder, suite(gone))
    rows = [parse_json(line) for line in (pack / RESULTS).read_bytes().splitlines()]
    assert [row["slices"].get("class") for row in rows] == ["0", "1", None, None]
    assert pack.reseal().verify().findings == ()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"dimension": {**CLASS, "field": "language"}}, "no example has a value of the dimension 'class'"),
        ({"metrics": ({**ACCURACY, "field": "label"},)}, "has no number 'label'"),
        ({"metrics": ({"name": "hits", "kind": "accuracy", "field": "half"},)}, "is 0.5, not 0 or 1"),
        ({"metrics": ({**ACCURACY, "unit": "percent"},)}, "in 'fraction' on the whole split, but in 'percent'"),
        ({"dimension": {**CLASS, "field": "odd_text"}}, "can't name a slice"),
    ],
)
def test_what_results_cannot_bear_is_refused(fields: dict[str, Any], words: str, pack: PackBuilder) -> None:
    with_field(with_field(pack, "half", *[0.5] * 4), "odd_text", *["\u202e"] * 4)
    before = (pack / EVAL).read_bytes(), (pack / RESULTS).read_bytes()
    with pytest.raises(PackError, match=words):
        write_slices(pack.folder, suite(fields.pop("dimension", CLASS), **fields))
    assert before == ((pack / EVAL).read_bytes(), (pack / RESULTS).read_bytes())


def test_nothing_is_measured_without_results(pack: PackBuilder) -> None:
    for index in range(3):
        pack.corrupt(EVAL, f"/rows/{index}/per_sample", None)
    with pytest.raises(PackError, match="no per-example results"):
        write_slices(pack.folder, suite(CLASS))
    pack.remove(EVAL)
    with pytest.raises(PackError, match="can't be read"):
        write_slices(pack.folder, suite(CLASS))


# ── evaluations that are aggregated from metrics files ───────────────────────────────────────────────

MARKED: Mapping[str, Any] = {"name": "marked", "description": "Last digit.", "key_pattern": "([0-9])$"}


def test_slices_of_an_aggregated_evaluation_stand_in_a_metrics_file(whole: CompletePack) -> None:
    config = (whole / CONFIG).read_bytes()
    done = write_slices(whole.folder, suite(MARKED))
    assert done.outputs == (RESULTS, SLICES, EVAL)
    assert [row.key for row in done.rows] == [f"accuracy@test[marked={digit}]" for digit in range(4)]
    assert whole.value(SLICES, "/generated_by") == "proofpress.pack.evaluation"
    assert [item["path"] for item in whole.value(EVAL, "/inputs")] == [METRICS, SLICES]
    assert [row["name"] for row in whole.json(EVAL)["rows"]] == ["accuracy"] * 7
    assert (whole / CONFIG).read_bytes() == config
    found = {(finding.rule, finding.file) for finding in whole.reseal().verify().findings}
    assert found == {("RDY002", "readiness/suite_report.json")}  # it ran before the rows were labelled: run it again
    before = {path: (whole / path).read_bytes() for path in (RESULTS, SLICES, EVAL)}
    assert write_slices(whole.folder, suite(MARKED)).outputs == (SLICES, EVAL)
    assert {path: (whole / path).read_bytes() for path in before} == before


def test_a_slice_that_a_metrics_file_holds_stands_once(whole: CompletePack) -> None:
    parity = {"name": "parity", "description": "By the true answer."}
    rows = whole.json(METRICS)["rows"]
    assert write_slices(whole.folder, suite(parity)).outputs == (EVAL,)
    assert not (whole / SLICES).exists()
    assert whole.json(METRICS)["rows"] == rows
    odd = next(index for index, row in enumerate(rows) if row.get("slice", {}).get("value") == "odd")
    whole.corrupt(METRICS, f"/rows/{odd}/value", Number("0.75"))
    before = (whole / EVAL).read_bytes()
    with pytest.raises(PackError, match=r"accuracy@test\[parity=odd\] is 0.75 over 2 examples in model/metrics/parity"):
        write_slices(whole.folder, suite(parity))
    assert (whole / EVAL).read_bytes() == before


def test_the_step_of_a_suite_writes_the_metrics_file_alone(whole: CompletePack) -> None:
    (whole / EVAL).unlink()
    done = write_slices(whole.folder, suite(MARKED), metrics_only=True)
    assert done.outputs == (RESULTS, SLICES)
    assert not (whole / EVAL).exists()
    sources = [MetricsSource(name=Path(path).name, data=(whole / path).read_bytes()) for path in (METRICS, SLICES)]
    assert [item.path for item in aggregate(whole.folder, sources).inputs] == [METRICS, SLICES]
    for path in (METRICS, SLICES):
        (whole / path).unlink()
    with pytest.raises(PackError, match="no metrics file"):
        write_slices(whole.folder, suite(MARKED), metrics_only=True)


def test_metrics_files_that_were_not_aggregated_are_refused(whole: CompletePack) -> None:
    (whole / METRICS).rename(whole / "model/metrics/other.json")
    with pytest.raises(PackError, match="from other metrics files than the folder holds"):
        write_slices(whole.folder, suite(MARKED))


# ── suites of profiles ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "fields",
    [
        {"key_pattern": "x"},
        {"key_pattern": "(a)(b)"},
        {"key_pattern": "(a"},
        {"edges": (Number("2"), Number("1")), "field": "a"},
        {"edges": (Number("2"),)},
        {"field": "a", "key_pattern": "(a)"},
    ],
)
def test_a_dimension_has_one_source(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SuiteDimension(name="a", description="b", **fields)


def test_a_profile_extends_a_suite() -> None:
    text = (
        'schema_version: "1.0.0"\nname: mine\ntitle: Mine\nextends: tabular\nslice_suite:\n  minimum: 30\n'
        "  dimensions:\n    - {name: age, description: In years, field: age, edges: [40, 65]}\n"
        "    - {name: class, description: As we tell it, field: truth}\n"
        "  metrics:\n    - {name: brier, kind: mean, field: squared_error, higher_is_better: false}\n"
    )
    found = Profiles({"mine": Profile.model_validate(parse_yaml(text.encode()))}).suite("mine")
    assert found is not None
    assert found.minimum == 30
    assert {item.name: item.field for item in found.dimensions} == {"class": "truth", "age": "age"}
    assert [item.name for item in found.metrics] == ["accuracy", "error_rate", "brier"]
    assert Profiles().suite("standard") is None


@pytest.mark.parametrize("name", ["tabular", "vision", "language"])
def test_domain_profiles_ask_for_assurance_and_slices(name: str) -> None:
    chain = Profiles().chain(name)
    assert chain[1].name == "standard"
    assert set(chain[0].documents) == {"risks", "failure_modes", "monitoring_plan", "guardrails", "traceability"}
    assert chain[0].rendered == ("assurance_card",)
    assert chain[0].slice_suite is not None


def test_the_command_makes_a_pack_of_a_domain(
    pack: PackBuilder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = f"packs/digits/{pack.release_id}"
    words = ["-C", str(tmp_path)]
    pack.with_assurance()
    assert main([*words, "slices", folder, "--profile", "tabular", "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["schema"], report["profile"], len(report["rows"])) == ("proofpress.slices/1", "tabular", 4)
    assert report["outputs"] == [RESULTS, EVAL]
    assert main([*words, "slices", folder, "--profile", "tabular"]) == 0
    assert "accuracy@test[class=odd]: 0.500000 (0.094531 to 0.905469), n 2" in capsys.readouterr().out
    assert main([*words, "pack", "release", folder, "--profile", "tabular"]) == 0
    assert main([*words, "verify", folder]) == 0


def test_a_domain_without_its_slices_is_refused(pack: PackBuilder, tmp_path: Path) -> None:
    pack.with_assurance().corrupt("manifest.json", "/profile", "tabular").reseal()
    assert [finding.rule for finding in pack.verify().findings] == ["ASR011", "ASR012"]


def test_the_command_needs_a_suite(pack: PackBuilder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = f"packs/digits/{pack.release_id}"
    assert main(["-C", str(tmp_path), "slices", folder]) == 2
    assert "the profile 'paper-demo' has no slice suite" in capsys.readouterr().err
    assert main(["-C", str(tmp_path), "slices", "packs/none/none-v0.1.0-r1", "--profile", "tabular"]) == 2
