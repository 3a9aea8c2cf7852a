"""The builders: what they compute, what they refuse, and that a whole pack of theirs verifies."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from proofpress.evidence.evaluation import SliceKey
from proofpress.evidence.release import Release
from proofpress.evidence.training import TrainingRun
from proofpress.evidence.values import Number
from proofpress.ingest.strict import parse_json, parse_yaml
from proofpress.pack.dataset import SnapshotFile, SplitRecords, key_text, write_dataset
from proofpress.pack.efficiency import measure_latency, measure_peak_memory
from proofpress.pack.evaluation import Examples, Interval, Metric, conclusion, measure, write_examples
from proofpress.pack.model import ModelBytes, write_model
from proofpress.pack.release import assemble, write_release
from proofpress.pack.training import environment, write_params, write_training
from proofpress.pack.writer import PackError, exact, private_path, write_bytes, write_document
from proofpress.pipeline import rules_at, verify_paths
from proofpress.render.sets import TemplateSets

ROOT = Path(__file__).resolve().parents[2]
ACCURACY = Metric(name="accuracy", unit="fraction", higher_is_better=True, field="correct")
RELEASE_WORDS: Mapping[str, Any] = {
    "title": "Tiny 0.1.0",
    "summary": "A tiny release.",
    "intended_use": ("Tests.",),
    "out_of_scope": ("All else.",),
    "licence": "Apache-2.0",
    "authors": ({"name": "Example project", "kind": "organization"},),
    "headline": ({"name": "accuracy", "split": "test"},),
    "changelog": {"added": ("All of it.",)},
}


def rows(*correct: int) -> list[dict[str, Any]]:
    """Rows with keys in falling order, so that sorting shows; odd ones are in the slice 'odd'."""
    return [
        {
            "key": f"k{index}",
            "label": "a",
            "prediction": "a" if hit else "b",
            "correct": hit,
            "slices": {"side": "odd" if index % 2 else "even"},
        }
        for index, hit in reversed(list(enumerate(correct)))
    ]


def splits(*, shared: bool = False) -> list[SplitRecords]:
    """Two splits by record; with `shared`, a test record comes from a source of the training split."""
    return [
        SplitRecords(
            name="train",
            purpose="Training.",
            keys={"record": ["r3", "r1", "r2"], "source": ["s1", "s1", "s2"]},
            labels=["a", "a", "b"],
        ),
        SplitRecords(
            name="test",
            purpose="Evaluation.",
            keys={"record": ["r5", "r4"], "source": ["s2" if shared else "s3", "s4"]},
            labels=["a", "a"],
        ),
    ]


def dataset(folder: Path, given: list[SplitRecords]) -> str:
    """Write a small data set; returns the snapshot id."""
    return write_dataset(
        folder,
        name="tiny",
        splits=given,
        key_kinds={"record": "Record.", "source": "Source of the record."},
        files=[SnapshotFile(name="all.csv", data=b"key\n", records=5)],
        description={
            "title": "Tiny",
            "description": "Five records.",
            "licence": "CC0-1.0",
            "sources": ({"name": "Tiny", "reference": "made for this test", "licence": "CC0-1.0"},),
            "features": ({"name": "x", "type": "number", "description": "A number."},),
            "target": "y",
            "limitations": ("Five records are few.",),
        },
    ).dataset_snapshot_id


def load(path: Path) -> Any:
    """A JSON file as the standard library reads it."""
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("value", "digits", "token"),
    [(2 / 3, 6, "0.666667"), (1, 6, "1.000000"), (-0.0000001, 6, "0.000000"), (566, 0, "566"), (0.125, 2, "0.12")],
)
def test_exact_keeps_the_digits_that_were_asked_for(value: float, digits: int, token: str) -> None:
    assert exact(value, digits).token == token


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_exact_refuses_what_is_no_number(value: float) -> None:
    with pytest.raises(PackError, match="a measured value is"):
        exact(value)


def test_a_document_is_written_with_its_header_and_exact_numbers(tmp_path: Path) -> None:
    written = write_training(
        tmp_path,
        release_id="tiny-v0.1.0-r1",
        run_id="run",
        commit="0" * 40,
        dataset_snapshot_id="tiny-1",
        command=["train"],
        seed=1,
        started_at="2026-11-01T23:59:58Z",
        duration_seconds=2.25,
        parameters={"rate": Number("0.10")},
        environment={},
        outputs=[_file(tmp_path, "model/w", b"w")],
    )
    text = (tmp_path / "training/training_run.json").read_text()
    assert written.finished_at == "2026-11-02T00:00:00Z"  # the earliest second in which it can have ended
    assert '"rate": 0.10' in text
    assert written.generated_by == "proofpress.pack.training"
    assert parse_json(text.encode())["schema_version"] == "1.1.0"
    assert written.outputs[0].sha256 == hashlib.sha256(b"w").hexdigest()


def _file(folder: Path, path: str, data: bytes) -> str:
    write_bytes(folder, path, data)
    return path


def test_an_invalid_document_names_the_place_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"training/training_run\.json/colour: unknown field 'colour'"):
        write_document(tmp_path, TrainingRun, {"colour": "red"}, generated_by="test")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    ["see /home/someone/run", "C:\\Users\\someone", "file:///data/x", "/scratch/run-1/x", "at ~/runs/x", str(ROOT)],
)
def test_private_paths_are_refused(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    fields = {**RELEASE_WORDS, "summary": f"Made in {text} today."}
    with pytest.raises(PackError, match="private path"):
        write_release(
            tmp_path,
            release_id="tiny-v0.1.0-r1",
            family="tiny",
            released_at="2026-11-01T00:00:00Z",
            predecessor=None,
            fields=fields,
        )
    assert not (tmp_path / "release.json").exists()


@pytest.mark.parametrize("text", ["and/or", "a ratio of 3/4", "https://example.org/home/x", "demo/tmp/x"])
def test_harmless_slashes_are_no_private_paths(text: str) -> None:
    assert private_path(text) is None


def test_key_files_are_sorted_unique_and_their_digest_is_that_of_the_keys(tmp_path: Path) -> None:
    dataset(tmp_path, splits())
    data = (tmp_path / "dataset/keys/source/train.txt").read_bytes()
    stated = load(tmp_path / "dataset/split_integrity.json")["keys"][1]["files"][0]
    assert data == b"s1\ns2\n" == key_text(["s2", "s1", "s1"])
    assert (stated["n"], stated["sha256"]) == (2, hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize(
    ("shared", "expected"), [(False, {"record": 0, "source": 0}), (True, {"record": 0, "source": 1})]
)
def test_overlaps_are_counted_for_every_key_kind(tmp_path: Path, shared: bool, expected: dict[str, int]) -> None:
    dataset(tmp_path, splits(shared=shared))
    found = load(tmp_path / "dataset/split_integrity.json")
    assert {item["kind"]: item["n"] for item in found["overlaps"]} == expected
    assert {(item["split"], item["label"]): item["n"] for item in found["class_balance"]} == {
        ("train", "a"): 2,
        ("train", "b"): 1,
        ("test", "a"): 2,
        ("test", "b"): 0,
    }


def test_the_snapshot_id_follows_the_keys(tmp_path: Path) -> None:
    first, again, other = (
        dataset(tmp_path / name, splits(shared=shared)) for name, shared in (("1", False), ("2", False), ("3", True))
    )
    assert first == again != other


def test_a_record_that_stands_twice_is_refused(tmp_path: Path) -> None:
    twice = SplitRecords(name="x", purpose="X.", keys={"record": ["r", "r"], "source": ["s", "s"]}, labels=["a", "a"])
    with pytest.raises(PackError, match="holds a record twice"):
        dataset(tmp_path, [twice])


def test_rows_are_measured_in_decimal_arithmetic_over_equal_keys(tmp_path: Path) -> None:
    examples = write_examples(tmp_path, "test", rows(1, 1, 0))
    baseline = Examples(split="test", rows=tuple(rows(1, 0, 0)))
    row = measure(ACCURACY, examples, baseline=("old", baseline))
    assert (str(row.value), str(row.baseline_value), str(row.delta_vs_baseline)) == ("0.666667", "0.333333", "0.333334")
    assert row.evaluated_keys_sha256 == hashlib.sha256(b"k0\nk1\nk2\n").hexdigest()
    assert row.baseline_evaluated_keys_sha256 == row.evaluated_keys_sha256
    assert row.per_sample is not None
    lines = [parse_json(line) for line in (tmp_path / row.per_sample.path).read_bytes().splitlines()]
    assert [line["key"] for line in lines] == ["k0", "k1", "k2"]
    assert abs(sum(line[row.per_sample.field] for line in lines) / Decimal(3) - (row.value or 0)) <= Decimal("5e-7")
    for part in ("0.666667", "0.333334", "accuracy", "test"):
        assert part in conclusion(row)


def test_a_slice_has_its_own_keys_and_a_value_that_cant_be_had_says_why(tmp_path: Path) -> None:
    examples = write_examples(tmp_path, "test", rows(1, 0, 0))
    few = Metric(
        name="accuracy",
        unit="fraction",
        higher_is_better=True,
        field="correct",
        infeasible=lambda chosen: "too few examples" if len(chosen) < 2 else "",
    )
    even = measure(few, examples, part=SliceKey(dimension="side", value="even"))
    odd = measure(few, examples, part=SliceKey(dimension="side", value="odd"))
    assert (even.n, str(even.value)) == (2, "0.500000")
    assert even.evaluated_keys_sha256 == hashlib.sha256(b"k0\nk2\n").hexdigest()
    assert (odd.n, odd.value) == (1, None)
    assert odd.absent is not None
    assert (odd.absent.code, odd.absent.reason) == ("INFEASIBLE", "too few examples")


def test_a_baseline_of_other_keys_is_refused() -> None:
    with pytest.raises(PackError, match="other keys"):
        measure(
            ACCURACY,
            Examples(split="test", rows=tuple(rows(1, 1))),
            baseline=("old", Examples(split="test", rows=tuple(rows(1, 1, 1)))),
        )


def test_an_interval_that_misses_its_value_is_refused() -> None:
    wrong = Interval(low=0.1, high=0.2, level="0.95", method="guess")
    with pytest.raises(PackError, match="outside its interval"):
        measure(ACCURACY, Examples(split="test", rows=tuple(rows(1, 1))), interval=lambda *_: wrong)


def test_an_example_that_is_evaluated_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="twice"):
        write_examples(tmp_path, "test", [*rows(1), *rows(1)])


def test_the_model_id_is_the_digest_of_the_manifest_and_names_no_release(tmp_path: Path) -> None:
    files = (ModelBytes(path="w.json", role="weights", data=b"[1]"),)
    first = write_model(tmp_path / "1", model_format="list", files=files)
    assert first == write_model(tmp_path / "2", model_format="list", files=files)
    assert first == "sha256:" + hashlib.sha256((tmp_path / "1/model/manifest.json").read_bytes()).hexdigest()


def test_parameters_come_back_as_they_were(tmp_path: Path) -> None:
    given = {"rate": 1e-05, "epochs": 40, "name": "012", "flag": True, "none": None, "word": "no: it's # text"}
    write_params(tmp_path, given)
    found = parse_yaml((tmp_path / "training/params.yaml").read_bytes())
    assert {name: str(value) if isinstance(value, Number) else value for name, value in found.items()} == {
        **given,
        "rate": "1e-05",
        "epochs": "40",
    }


def test_nested_parameters_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="nested"):
        write_params(tmp_path, {"layers": [1, 2]})


def test_costs_are_measured() -> None:
    calls: list[int] = []
    p50, p95, throughput = measure_latency(lambda: calls.append(1), batch_size=4, repeats=20, warm_up=2)
    assert len(calls) == 22
    assert p50.value is not None
    assert p95.value is not None
    assert p50.value <= p95.value
    assert (throughput.unit, throughput.batch_size, throughput.repeats) == ("records/s", 4, 20)
    peak = measure_peak_memory(lambda: bytearray(300 * 1024), batch_size=1)
    assert peak.value is not None
    assert peak.value > 300


def test_the_environment_tells_versions_and_no_host() -> None:
    found = environment(["pydantic"])
    assert found["python"].startswith("3.")
    assert set(found) == {"python", "implementation", "system", "machine", "pydantic"}


@pytest.fixture(scope="module")
def guided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pack that the script of the guide makes, run as the guide says."""
    folder = tmp_path_factory.mktemp("guide")
    guide = (ROOT / "docs/guides/from-a-training-script-to-a-pack.md").read_text(encoding="utf-8")
    (folder / "make_pack.py").write_text(guide.partition("```python\n")[2].partition("```")[0], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "make_pack.py"],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT / "generator"), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    pack = folder / "packs/iris/iris-v0.1.0-centroid-r1"
    assert done.stdout.strip() == "sha256:" + hashlib.sha256((pack / "manifest.json").read_bytes()).hexdigest()
    return pack


def contents(folder: Path) -> dict[str, bytes]:
    """All files by path."""
    return {item.relative_to(folder).as_posix(): item.read_bytes() for item in folder.rglob("*") if item.is_file()}


def test_the_guides_pack_verifies(guided: Path, tmp_path: Path) -> None:
    (verdict,) = verify_paths([guided], rules_at(tmp_path), threads=1)
    assert verdict.findings == ()
    assert verdict.verified is not None


def test_assembling_again_changes_nothing(guided: Path, tmp_path: Path) -> None:
    pack = tmp_path / guided.name
    shutil.copytree(guided, pack)
    pack_id = assemble(pack, profile="standard", template_set=TemplateSets().newest())
    assert contents(pack) == contents(guided)
    assert pack_id == "sha256:" + hashlib.sha256((guided / "manifest.json").read_bytes()).hexdigest()


def test_checksums_list_every_file_and_coreutils_agree(guided: Path) -> None:
    listed = [line.split("  ")[1] for line in (guided / "SHA256SUMS").read_text().splitlines()]
    assert listed == sorted(contents(guided).keys() - {"SHA256SUMS"})
    for folder in (guided, guided / "model", guided / "dataset", guided / "training"):
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, check=True)


@pytest.mark.parametrize("trouble", ["link", "name", "left over", "invalid"])
def test_a_refused_file_leaves_the_pack_as_it_was(guided: Path, tmp_path: Path, trouble: str) -> None:
    pack = tmp_path / guided.name
    shutil.copytree(guided, pack)
    if trouble == "link":
        (pack / "model/link").symlink_to(pack / "dataset")
    elif trouble == "name":
        (pack / "model/näme.txt").write_text("x")
    elif trouble == "left over":
        (pack / "model/.weights.part").write_text("x")
    else:
        (pack / "model/efficiency_report.json").write_text("{}")
    before = contents(pack)
    with pytest.raises(PackError):
        assemble(pack, profile="standard", template_set=TemplateSets().newest())
    assert contents(pack) == before


def test_a_folder_without_a_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"no release\.json"):
        assemble(tmp_path, profile="minimal", template_set=TemplateSets().newest())


def test_the_version_is_that_of_the_release_id(tmp_path: Path) -> None:
    made: Release = write_release(
        tmp_path,
        release_id="tiny-v1.2.3rc1-big-r2",
        family="tiny",
        released_at="2026-11-01T00:00:00Z",
        predecessor=("tiny-v1.2.2-r1", "sha256:" + "1" * 64),
        fields=RELEASE_WORDS,
    )
    assert made.version == "1.2.3rc1"
    assert made.predecessor is not None
    assert made.predecessor.release_id == "tiny-v1.2.2-r1"
