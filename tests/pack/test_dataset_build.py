"""A snapshot from real files: what is read, what is refused, and that no stale output outlives a failed build."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pack_builder import PackBuilder, thawed
from proofpress.cli import main
from proofpress.errors import ExitCode
from proofpress.evidence.dataset import DatasetInputCheck, DatasetSnapshot, SplitIntegrity
from proofpress.ingest.strict import parse_json
from proofpress.pack.dataset_build import DatasetOutcome, build_dataset, check_inputs, check_spec
from proofpress.pack.dataset_inputs import MOST_CLASSES
from proofpress.pack.writer import PackError
from proofpress.schemas import schemas

REPORT, CHECK = "dataset/dataset_snapshot_report.json", "dataset/dataset_input_check_report.json"
SPEC, SUMS = "dataset/dataset_spec.json", "dataset/SHA256SUMS"
ROWS = "id,image,fold,kind\nr1,s1,a,cat\nr2,s1,a,dog\nr3,s2,b,cat\nr4,s3,b,dog\n"

Change = Callable[[dict[str, Any]], object]


def written_spec(**changes: Any) -> dict[str, Any]:
    """A spec whose records are assigned by a column."""
    return {
        "name": "pets",
        "title": "Pets",
        "description": "Four pictures of pets.",
        "licence": "CC0-1.0",
        "sources": [{"name": "pets", "reference": "drawn for this test", "licence": "CC0-1.0"}],
        "features": [{"name": "kind", "type": "text", "description": "What is on it."}],
        "target": "kind",
        "label_column": "kind",
        "split_column": "fold",
        "splits": [
            {"name": "train", "purpose": "Training.", "assignment": "Fold a.", "value": "a"},
            {"name": "test", "purpose": "Evaluation.", "assignment": "Fold b.", "value": "b"},
        ],
        "keys": [
            {"kind": "record", "description": "The picture's number.", "columns": ["id"]},
            {"kind": "source", "description": "What it was cut from.", "columns": ["image"]},
        ],
        "inputs": [{"name": "pets.csv", "reference": "pets.csv of this test", "format": "csv"}],
        "reviewed_by": "data steward",
        "reviewed_at": "2026-02-01T00:00:00Z",
        "limitations": ["Four pictures are few."],
    } | changes


@pytest.fixture
def place(tmp_path: Path) -> "Place":
    return Place(tmp_path)


class Place:
    """A folder with a spec, files and the pack that is built from them."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / "pack"
        self.spec = root / "spec.json"
        self.files: dict[str, Path] = {}
        self.write(pets_csv=ROWS)
        self.review()

    def review(self, **changes: Any) -> None:
        self.spec.write_text(json.dumps(written_spec(**changes)), encoding="utf-8")

    def write(self, **files: str | bytes) -> None:
        for name, data in files.items():
            path = self.root / f"here-{name}"
            path.write_bytes(data.encode() if isinstance(data, str) else data)
            self.files[name.replace("_", ".")] = path

    def build(self) -> DatasetOutcome:
        return build_dataset(self.folder, self.spec, self.files)

    def document(self, path: str, model: Any) -> Any:
        return model.model_validate(parse_json((self.folder / path).read_bytes()))


def test_a_snapshot_is_read_from_a_csv_file(place: Place) -> None:
    outcome = place.build()
    assert (outcome.ok, outcome.problems) == (True, ())
    splits: SplitIntegrity = place.document("dataset/split_integrity.json", SplitIntegrity)
    assert {(item.split, item.label): item.n for item in splits.class_balance} == {
        ("train", "cat"): 1,
        ("train", "dog"): 1,
        ("test", "cat"): 1,
        ("test", "dog"): 1,
    }
    assert {item.kind: item.n for item in splits.overlaps} == {"record": 0, "source": 0}
    assert (place.folder / "dataset/keys/source/train.txt").read_text() == "s1\n"
    check: DatasetInputCheck = place.document(CHECK, DatasetInputCheck)
    (seen,) = check.inputs
    assert (seen.name, seen.records, seen.columns) == ("pets.csv", 4, ("id", "image", "fold", "kind"))
    assert (seen.sha256, seen.size) == (hashlib.sha256(ROWS.encode()).hexdigest(), len(ROWS))
    assert seen.reference == "pets.csv of this test"
    report: DatasetSnapshot = place.document(REPORT, DatasetSnapshot)
    assert report.spec_sha256 == check.spec_sha256 == hashlib.sha256((place.folder / SPEC).read_bytes()).hexdigest()
    assert report.input_check.sha256 == hashlib.sha256((place.folder / CHECK).read_bytes()).hexdigest()
    assert {item.path for item in report.artifacts} | {SPEC, CHECK, REPORT, SUMS} == {
        path.relative_to(place.folder).as_posix() for path in place.folder.rglob("*") if path.is_file()
    }
    assert set(outcome.outputs) == {item.path for item in report.artifacts} | {SPEC, CHECK, REPORT, SUMS}


def test_building_again_gives_the_same_bytes(place: Place) -> None:
    first = place.build()
    before = {path: path.read_bytes() for path in place.folder.rglob("*") if path.is_file()}
    assert place.build() == first
    assert {path: path.read_bytes() for path in place.folder.rglob("*") if path.is_file()} == before


def test_json_lines_and_one_file_for_each_split_give_the_same_snapshot(place: Place) -> None:
    lines = [
        dict(zip(ROWS.split("\n", maxsplit=1)[0].split(","), line.split(","), strict=True)) for line in ROWS.split()[1:]
    ]
    place.files.clear()
    place.write(
        train_jsonl="".join(json.dumps(row) + "\n" for row in lines[:2]),
        test_jsonl="".join(json.dumps(row) + "\n" for row in lines[2:]),
    )
    inputs = [
        {"name": f"{name}.jsonl", "reference": "this test", "format": "jsonl", "split": name}
        for name in ("train", "test")
    ]
    place.review(inputs=inputs, split_column=None)
    assert place.build().ok
    assert (place.folder / "dataset/keys/record/test.txt").read_text() == "r3\nr4\n"


def test_a_yaml_spec_gives_the_same_digest_as_its_json(place: Place) -> None:
    first = check_spec(place.spec)
    yaml = place.root / "spec.yaml"
    yaml.write_text(json.dumps(written_spec(), indent=1), encoding="utf-8")
    assert check_spec(yaml) == first
    place.build()
    assert first.spec_sha256 == hashlib.sha256((place.folder / SPEC).read_bytes()).hexdigest()
    assert check_spec(place.folder / SPEC) == first


def test_an_overlap_of_any_key_kind_is_counted(place: Place) -> None:
    place.write(pets_csv=ROWS.replace("r3,s2", "r3,s1"))
    place.build()
    splits: SplitIntegrity = place.document("dataset/split_integrity.json", SplitIntegrity)
    assert {item.kind: item.n for item in splits.overlaps} == {"record": 0, "source": 1}


def test_a_number_is_parted_into_classes(place: Place) -> None:
    place.write(pets_csv="id,image,fold,kind\nr1,s1,a,0.5\nr2,s2,a,1\nr3,s3,b,2.5\n")
    place.review(label_edges=[1, 2])
    assert place.build().ok
    splits: SplitIntegrity = place.document("dataset/split_integrity.json", SplitIntegrity)
    assert {(item.split, item.label) for item in splits.class_balance if item.n} == {
        ("train", "below 1"),
        ("train", "1 to below 2"),
        ("test", "2 and above"),
    }


def test_a_key_may_be_made_of_columns(place: Place) -> None:
    keys = [{"kind": "record", "description": "Picture and number.", "columns": ["image", "id"]}]
    place.review(keys=keys)
    place.build()
    assert (place.folder / "dataset/keys/record/train.txt").read_text() == "s1|r1\ns1|r2\n"
    place.write(pets_csv=ROWS.replace("r1,s1", "r1,s|1"))
    assert any("can't be told apart" in problem for problem in place.build().problems)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (ROWS + "r5,s5,c,cat\n", "'c' in column fold is no split"),
        (ROWS + "r5,s5,a\n", "record 5 has 3 fields, the header 4"),
        (ROWS + "\n", "record 5 has 0 fields"),
        (ROWS + "r1,s5,a,cat\n", "repeat a key of kind record"),
        (ROWS + ",s5,a,cat\n", "column id is empty"),
        (ROWS + "r5,s5,a,\n", "column kind is empty"),
        (ROWS + "r\u200b5,s5,a,cat\n", "can't be seen"),
        (ROWS + f"{'r' * 201},s5,a,cat\n", "longer than 200"),
        (ROWS + '"r5,s5,a,cat\n', "unexpected end of data"),
        (ROWS + 'r5,s5,a,"c"at\n', "expected after"),
        (ROWS.replace("image", "id"), "two columns have one name"),
        (ROWS.replace("image", "picture"), "there is no column image"),
        ("", "there is no column"),
        ("\ufeff" + ROWS, "byte order mark: save it as UTF-8 without BOM"),
        (ROWS.encode() + b"r5,s5,a,\xff\n", "line 6 is not UTF-8"),
        (ROWS + "x" * (1024 * 1024) + "\n", "longer than 1 MiB"),
        (ROWS.replace("b,", "a,"), "split test has 0 records"),
    ],
)
def test_trouble_in_a_csv_file_is_told_and_nothing_is_built(data: str | bytes, words: str, place: Place) -> None:
    assert place.build().ok
    place.write(pets_csv=data)
    outcome = place.build()
    assert not outcome.ok
    assert any(words in problem for problem in outcome.problems), outcome.problems
    check: DatasetInputCheck = place.document(CHECK, DatasetInputCheck)
    assert not check.ok
    whole = data.encode() if isinstance(data, str) else data
    assert (check.inputs[0].sha256, check.inputs[0].size) == (hashlib.sha256(whole).hexdigest(), len(whole))
    assert sorted(path.name for path in (place.folder / "dataset").iterdir()) == [Path(CHECK).name, Path(SPEC).name]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"id": "r5", "image": "s5", "fold": "a"}\n', "column kind is empty"),
        ('{"id": ["r5"], "image": "s5", "fold": "a", "kind": "cat"}\n', "column id is nested"),
        ('{"id": "r5", "id": "r6", "image": "s5", "fold": "a", "kind": "cat"}\n', "stands twice"),
        ('{"id": NaN}\n', "not a JSON value"),
        ("[1]\n", "a row is an object"),
        ('{"id": "r5", "image": "s5", "fold": "a", "kind": "cat"}', "no line feed"),
    ],
)
def test_trouble_in_json_lines_is_told(line: str, words: str, place: Place) -> None:
    place.files.clear()
    place.write(pets_jsonl='{"id": 1, "image": true, "fold": "a", "kind": "cat"}\n' + line)
    place.review(inputs=[{"name": "pets.jsonl", "reference": "this test", "format": "jsonl"}])
    outcome = place.build()
    assert any(words in problem for problem in outcome.problems), outcome.problems


def test_many_problems_are_counted_and_many_classes_refused(place: Place) -> None:
    rows = "".join(f"r{n},s{n},a,k{n}\n" for n in range(10, MOST_CLASSES + 60))
    place.write(pets_csv=ROWS + rows)
    problems = place.build().problems
    assert any(f"more than {MOST_CLASSES} classes" in problem for problem in problems)
    assert any("more problems" in problem for problem in problems)
    assert len(problems) < 30


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"inputs": [{"name": "pets.csv", "reference": "x", "format": "csv", "sha256": "0" * 64}]}, "sha256 is"),
        ({"inputs": [{"name": "pets.csv", "reference": "x", "format": "csv", "size": 1}]}, "size is"),
        ({"inputs": [{"name": "other.csv", "reference": "x", "format": "csv"}]}, "the spec names no such input"),
        ({"inputs": [{"name": "other.csv", "reference": "x", "format": "csv"}]}, "other.csv is not there"),
        ({"limits": {"least_records_per_split": 3}}, "split train has 2 records, at least 3"),
        ({"limits": {"least_records_per_class": 2}}, "split test has 1 records of class cat, at least 2"),
    ],
)
def test_inputs_are_held_against_the_spec(change: dict[str, Any], words: str, place: Place) -> None:
    place.review(**change)
    outcome = place.build()
    assert not outcome.ok
    assert any(words in problem for problem in outcome.problems), outcome.problems


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"titel": "x"}, "unknown field 'titel'"),
        ({"licence": None}, "/licence"),
        ({"splits": [*written_spec()["splits"], written_spec()["splits"][0]]}, "'train' stands 2 times"),
        ({"label_column": None, "label_edges": [1]}, "no label column"),
        ({"label_edges": [2, 1]}, "do not rise"),
        (
            {"inputs": [{"name": "x", "reference": "x", "format": "csv", "split": "dev"}], "split_column": None},
            "there is no split 'dev'",
        ),
        ({"inputs": [{"name": "x", "reference": "x", "format": "csv", "split": "test"}]}, "can't both assign"),
        ({"description": "See /home/someone/pets."}, "private path"),
        ({"name": "../x"}, "/name"),
        ({"keys": [{"kind": "a/b", "description": "x", "columns": ["id"]}]}, "/keys/0/kind"),
    ],
)
def test_a_spec_that_is_none_is_told_and_removes_nothing(change: dict[str, Any], words: str, place: Place) -> None:
    place.build()
    before = sorted(place.folder.rglob("*"))
    place.review(**change)
    outcome = check_spec(place.spec)
    assert not outcome.ok
    assert words in outcome.problems[0]
    with pytest.raises(PackError):
        place.build()
    assert sorted(place.folder.rglob("*")) == before


@pytest.mark.parametrize(
    "change",
    [
        {"split_column": None},
        {"keys": [{"kind": "record", "description": "Made by a program."}]},
        {"inputs": [{"name": "pets.csv", "reference": "x", "format": "other"}]},
    ],
)
def test_a_spec_for_a_program_is_not_read_by_the_command(change: dict[str, Any], place: Place) -> None:
    place.review(**change)
    with pytest.raises(PackError, match="how its inputs become records"):
        place.build()


def test_a_file_of_another_form_is_hashed_only(place: Place) -> None:
    place.write(pets_tar=b"\0\1")
    inputs = [*written_spec()["inputs"], {"name": "pets.tar", "reference": "x", "format": "other"}]
    place.review(inputs=inputs)
    assert place.build().ok
    report: DatasetSnapshot = place.document(REPORT, DatasetSnapshot)
    assert [(item.name, item.records) for item in report.inputs] == [("pets.csv", 4), ("pets.tar", 0)]


@pytest.mark.parametrize("kind", ["missing", "folder", "FIFO"])
def test_an_input_that_is_no_file_is_refused_at_once(kind: str, place: Place) -> None:
    path = place.files["pets.csv"]
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "FIFO":
        os.mkfifo(path)
    with pytest.raises(PackError, match=r"pets\.csv can't be read"):
        place.build()


def test_a_stale_build_can_never_pass_for_the_next_one(place: Place) -> None:
    place.build()
    keys = place.folder / "dataset/keys/source/train.txt"
    assert keys.exists()
    place.review(keys=written_spec()["keys"][:1])
    assert place.build().ok
    assert not keys.exists()
    assert check_inputs(place.folder, place.spec, place.files).ok
    assert not (place.folder / REPORT).exists()


# ── the command, and the pack that comes out ─────────────────────────────────────────────────────────


def run(capsys: pytest.CaptureFixture[str], root: Path, *words: str) -> tuple[int, str, str]:
    code = main(["-C", str(root), "pack", "dataset", *words])
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return code, out, err


def words_of(*more: str) -> Sequence[str]:
    return ("pack", "--spec", "spec.json", "--inputs", "pets.csv=here-pets_csv", *more)


def test_the_command_checks_then_builds(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = run(capsys, place.root, "pack", "--spec", "spec.json", "--check-spec", "--format", "json")
    assert code == ExitCode.OK
    digest = json.loads(out)["spec_sha256"]
    assert not place.folder.exists()
    code, out, _err = run(capsys, place.root, *words_of("--check-inputs"))
    *files, last = out.splitlines()
    assert (code, [line.split("  ")[1] for line in files], last) == (
        ExitCode.OK,
        [CHECK, SPEC],
        f"spec sha256 {digest}",
    )
    assert files[1] == f"{digest}  {SPEC}"
    code, out, _err = run(capsys, place.root, *words_of("--format", "json"))
    report = json.loads(out)
    assert (code, report["schema"], report["step"], report["ok"]) == (0, "proofpress.pack-dataset/1", "build", True)
    assert report["spec_sha256"] == digest
    assert list(Draft202012Validator(schemas()["pack-dataset"]).iter_errors(report)) == []
    outputs = {item["path"]: item for item in report["outputs"]}
    assert (outputs[SPEC]["sha256"], outputs[SPEC]["size"]) == (digest, (place.folder / SPEC).stat().st_size)
    assert {REPORT, SUMS} <= outputs.keys()
    assert str(place.root) not in out


def test_a_missing_input_is_all_that_is_told(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    code, _out, err = run(capsys, place.root, "pack", "--spec", "spec.json")
    assert (code, err.splitlines()) == (ExitCode.FINDINGS, ["problem: the input pets.csv is not there"])


def test_the_command_says_what_is_wrong(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.write(pets_csv=ROWS + "r5,s5,\x1b[31mc,cat\n")
    code, _out, err = run(capsys, place.root, *words_of())
    assert code == ExitCode.FINDINGS
    assert "pets.csv: record 5: column fold is longer than 200 characters, or holds one that can't be seen" in err
    for bad in (["--inputs", "x"], ["--inputs", "pets.csv=again"]):
        code, _out, err = run(capsys, place.root, *words_of(*bad))
        assert code == ExitCode.USAGE
        assert "NAME=PATH" in err
    place.spec.write_text("{", encoding="utf-8")
    code, _out, err = run(capsys, place.root, *words_of())
    assert code == ExitCode.USAGE
    assert "not JSON" in err


def test_a_built_snapshot_stands_in_a_pack_that_verifies(
    pack: PackBuilder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tiny pack's dataset, built by the command from a file with its records."""
    rows = "".join(
        f"{key},{'train' if key[0] == 'r' else 'test'},{'odd' if int(key[1:]) % 2 else 'even'}\n"
        for key in ("r10", "r11", "r12", "r13", "t20", "t21", "t22", "t23")
    )
    (tmp_path / "digits.csv").write_text("key,set,parity\n" + rows, encoding="utf-8")
    package = thawed(parse_json((pack / "dataset/dataset_package.json").read_bytes()))
    names = ("name", "title", "description", "licence", "sources", "features", "target", "preprocessing", "limitations")
    spec = {name: package[name] for name in names} | {
        "label_column": "parity",
        "split_column": "set",
        "splits": [
            {"name": item["name"], "purpose": item["purpose"], "assignment": "By its first letter."}
            for item in package["splits"]
        ],
        "keys": [{"kind": "record", "description": "The record's own number.", "columns": ["key"]}],
        "inputs": [{"name": "digits.csv", "reference": "Counted for this test.", "format": "csv"}],
        "reviewed_by": "data steward",
        "reviewed_at": "2026-02-01T00:00:00Z",
    }
    (tmp_path / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    folder = str(pack.folder.relative_to(tmp_path))
    words = (folder, "--spec", "spec.json", "--inputs", "digits.csv=digits.csv", "--format", "json")
    code, out, err = run(capsys, tmp_path, *words)
    assert code == ExitCode.OK, err
    snapshot = json.loads(out)["dataset_snapshot_id"]
    for path in ("model/model_package.json", "model/eval_metrics.json", "training/training_run.json"):
        pack.corrupt(path, "/dataset_snapshot_id", snapshot)
    assert pack.preflighted().reseal().verify().findings == ()
    card = (pack / "dataset/data_card.md").read_text(encoding="utf-8")
    for text in ("data steward", "The check of the inputs passed.", "| even | 2 | 2 |", "Counted for this test."):
        assert text in card


def test_the_spec_of_the_guide_builds(place: Place) -> None:
    guide = Path(__file__).resolve().parents[2] / "docs/guides/data-interface-and-changelog.md"
    place.spec = place.root / "iris.yaml"
    place.spec.write_text(guide.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    place.files.clear()
    rows = "".join(f"f{n},p{n % 2}-{n // 6},{'ab'[n % 2]},kind {n % 3}\n" for n in range(60))
    place.write(flowers_csv="id,plant,fold,kind\n" + rows)
    assert place.build().problems == ()
