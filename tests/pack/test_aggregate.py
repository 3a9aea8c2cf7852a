"""Metrics files → evaluation: what is refused, what is kept, and the configuration that is written beside it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from complete_pack import CHAIN, CONFIG, METRICS, CompletePack
from pack_builder import EVAL
from proofpress.evidence.evaluation import EvalMetrics
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.values import Number
from proofpress.ingest.strict import parse_json, parse_yaml
from proofpress.pack.aggregate import MetricsSource, aggregate
from proofpress.pack.eval_config import overridden, read_config, write_effective_config
from proofpress.pack.writer import PackError

Change = Callable[[Any], object]


def source(whole: CompletePack, name: str = "parity.json", change: Change = lambda _file: None) -> MetricsSource:
    """The pack's metrics file, changed, under a name."""
    file = whole.json(METRICS)
    change(file)
    return MetricsSource(name=name, data=dump_json(file).encode())


def renamed(metric: str) -> Change:
    """Call every row's metric by another name."""
    return lambda file: [row.update(name=metric) for row in file["rows"]]


def again(whole: CompletePack, *sources: MetricsSource, **options: Any) -> EvalMetrics:
    """Aggregate into the pack's folder."""
    return aggregate(whole.folder, sources, **options)


def test_files_of_one_run_become_one_evaluation(whole: CompletePack) -> None:
    def second(file: Any) -> None:
        renamed("recall")(file)
        file |= {"evaluated_at": "2026-03-01T09:45:00Z", "remarks": ["Recall was measured last."]}
        file["negative_findings"] = ["Recall of odd numbers is low."]

    found = again(whole, source(whole, "b.json", second), source(whole, "a.json"))
    assert [item.path for item in found.inputs] == ["model/metrics/a.json", "model/metrics/b.json"]
    assert [row.name for row in found.rows] == ["accuracy"] * 3 + ["recall"] * 3
    assert found.evaluated_at == "2026-03-01T09:45:00Z"
    assert found.negative_findings == ("The number t23 is told wrongly.", "Recall of odd numbers is low.")
    assert found.limitations == ("Four numbers were tried.",)
    assert found.conclusions[-1] == "Recall was measured last."
    assert len(found.splits) == len(found.baselines) == 1
    assert found.effective_config is None


def test_what_an_earlier_run_left_is_cleared(whole: CompletePack) -> None:
    again(whole, source(whole, "new.json"))
    assert [path.name for path in (whole / "model/metrics").iterdir()] == ["new.json"]
    assert not (whole / CONFIG).exists()
    assert not (whole / "model/eval_report.md").exists()


def test_numbers_keep_their_digits(whole: CompletePack) -> None:
    data = (whole / METRICS).read_bytes().replace(b'"value": 0.75', b'"value": 0.750')
    found = again(whole, MetricsSource(name="a.json", data=data))
    assert str(found.rows[0].value) == "0.750"
    assert b'"value": 0.750' in (whole / EVAL).read_bytes()
    assert (whole / "model/metrics/a.json").read_bytes() == data


def _value(file: Any) -> None:
    file["rows"][0]["value"] = Number("0.5")


REFUSED: Mapping[str, tuple[Change, str]] = {
    "a row twice": (lambda _file: None, "accuracy@test stands twice"),
    "a row with another value": (_value, r"is 0.75 in a\.json, but 0.5 in b\.json"),
    "another run": (lambda file: file.update(run_id="eval-2"), "come from different runs"),
    "another commit": (lambda file: file.update(commit="e" * 40), "commit"),
    "another parameter": (lambda file: file["parameters"].update(depth=3), "depth 3"),
    "another split": (
        lambda file: (renamed("recall")(file), file["splits"][0].update(n=5)),
        "split 'test' differently",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_files_that_disagree_are_refused(case: str, whole: CompletePack) -> None:
    change, words = REFUSED[case]
    before = {path: path.read_bytes() for path in whole.folder.rglob("*") if path.is_file()}
    with pytest.raises(PackError, match=words):
        again(whole, source(whole, "a.json"), source(whole, "b.json", change))
    assert {path: path.read_bytes() for path in whole.folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'"value": 0.75', b'"value": NaN', "NaN"),
        (b'"run_id"', b'"run_id": "eval-0", "run_id"', "stands twice"),
        (b"Four numbers were tried.", b"Read from /home/someone/scores.", "private path"),
        (b'"model_id": "sha256:7', b'"model_id": "sha256:8', "the folder holds"),
        (b'"schema_version": "1.0.0"', b'"schema_version": "2.0.0"', "MAJOR"),
        (b'"generated_by": "proofpress.pack.evaluation",', b"", "generated_by"),
    ],
)
def test_a_bad_file_is_refused(old: bytes, new: bytes, words: str, whole: CompletePack) -> None:
    data = (whole / METRICS).read_bytes()
    assert old in data
    with pytest.raises(PackError, match=words):
        again(whole, MetricsSource(name="a.json", data=data.replace(old, new, 1)))


@pytest.mark.parametrize("name", ["a.txt", "../a.json", "b/a.json", ""])
def test_a_bad_name_is_refused(name: str, whole: CompletePack) -> None:
    with pytest.raises(PackError, match="named"):
        again(whole, source(whole, name))


def test_files_are_needed_and_called_differently(whole: CompletePack) -> None:
    with pytest.raises(PackError, match="at least one"):
        again(whole)
    with pytest.raises(PackError, match="two metrics files"):
        again(whole, source(whole), source(whole))


def test_a_profile_may_be_required(whole: CompletePack) -> None:
    again(whole, source(whole), required=CHAIN)

    def poorer(file: Any) -> None:
        del file["rows"][0]["ci_low"], file["rows"][2]
        file["generated_by"] = "somebody"

    with pytest.raises(PackError, match="no confidence interval") as caught:
        again(whole, source(whole, change=poorer), required=CHAIN)
    assert "accuracy@test[parity=odd] (no such row was measured)" in str(caught.value)
    assert "not 'somebody' of parity.json" in str(caught.value)


# ── the configuration ────────────────────────────────────────────────────────────────────────────────


def test_a_configuration_that_contradicts_the_run_is_refused(whole: CompletePack) -> None:
    with pytest.raises(PackError, match=r"threshold 0\.5, the configuration says 0\.65"):
        again(whole, source(whole), config={"parameters": {"threshold": Number("0.65")}})


def test_the_effective_configuration_is_strict_yaml(tmp_path: Path) -> None:
    committed = read_config(
        b"data: {splits: [test, dev], 'odd: key': NO}\nlevel: 0.950\nflag: true\nempty: {}\nnone: null\ntext: '012'\n",
        "eval.yaml",
    )
    effective = overridden(committed, ["level=0.90", 'data.splits=["test"]', "text=a: b # c", "flag=false"])
    write_effective_config(tmp_path, effective)
    found = parse_yaml((tmp_path / CONFIG).read_bytes())
    assert found == effective
    assert str(found["level"]) == "0.90"
    assert found["data"] == {"splits": ("test",), "odd: key": "NO"}
    assert (found["text"], found["flag"], found["none"], found["empty"]) == ("a: b # c", False, None, {})
    assert str(committed["level"]) == "0.950"
    assert committed["data"]["splits"] == ("test", "dev")


@pytest.mark.parametrize("override", ["levle=1", "level", "level.deep=1", "=1", "data.x=1"])
def test_an_override_of_nothing_is_refused(override: str) -> None:
    with pytest.raises(PackError, match="names nothing"):
        overridden({"level": 1, "data": {"splits": ()}}, [override])


@pytest.mark.parametrize("data", [b"[1]", b"{}", b"a: &x 1\nb: *x\n", b"a: 1\na: 2\n", b"\xff"])
def test_a_configuration_is_a_strict_mapping(data: bytes) -> None:
    with pytest.raises(PackError, match=r"eval\.yaml"):
        read_config(data, "eval.yaml")


def test_a_private_path_in_the_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="private path"):
        write_effective_config(tmp_path, {"data": "/home/someone/data"})


def test_metrics_of_an_own_program_need_a_profile_that_accepts_it(whole: CompletePack) -> None:
    again(whole, source(whole, change=lambda file: file.update(generated_by="somebody")))
    whole.assess(decided=False)
    found = {(finding.rule, finding.file) for finding in whole.verify().findings}
    assert ("GEN001", METRICS) in found
    assert parse_json((whole / EVAL).read_bytes())["inputs"][0]["generated_by"] == "somebody"
    assert json.loads((whole / METRICS).read_text())["generated_by"] == "somebody"
