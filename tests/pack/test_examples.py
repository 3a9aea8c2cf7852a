"""The example packs: the comparison with a second making sees changed evidence and forgives measured times."""

import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "docs/examples/sklearn_releases/compare.py"
FAMILY = ROOT / "packs/clinical"
RELEASE = "clinical-v0.2.0-gbt-r1"


@pytest.fixture(scope="module")
def differences() -> Callable[[Path, Path], list[str]]:
    """The comparison of the example scripts."""
    spec = importlib.util.spec_from_file_location("compare", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[[Path, Path], list[str]] = module.differences
    return found


@pytest.fixture
def again(tmp_path: Path) -> Path:
    """A copy of the committed family, to be changed."""
    shutil.copytree(FAMILY, tmp_path / "clinical")
    return tmp_path / "clinical"


def edit(path: Path, change: Callable[[Any], object]) -> None:
    """Change a JSON document in place."""
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def test_equal_packs_do_not_differ(differences: Callable[[Path, Path], list[str]], again: Path) -> None:
    assert differences(FAMILY, again) == []


def test_measured_times_are_forgiven(differences: Callable[[Path, Path], list[str]], again: Path) -> None:
    edit(again / RELEASE / "training/training_run.json", lambda run: run.update(duration_seconds=99.5))
    edit(
        again / RELEASE / "model/efficiency_report.json",
        lambda report: [row.update(value=1.5) for row in report["rows"]],
    )
    assert differences(FAMILY, again) == []


def test_a_changed_value_is_named_with_its_place(differences: Callable[[Path, Path], list[str]], again: Path) -> None:
    edit(again / RELEASE / "model/eval_metrics.json", lambda found: found["rows"][1].update(value=0.95))
    lines = differences(FAMILY, again)
    assert [line.split(":")[0] for line in lines if "/rows/1/value:" in line] == [
        f"{RELEASE}/model/eval_metrics.json /rows/1/value"
    ]
    assert any(line.endswith("committed 0.859375, new 0.95") for line in lines)


def test_a_missing_file_and_a_missing_pack_are_named(
    differences: Callable[[Path, Path], list[str]], again: Path
) -> None:
    (again / RELEASE / "demo/predict.py").unlink()
    shutil.rmtree(again / "clinical-v0.1.0-logreg-r1")
    assert differences(FAMILY, again) == [
        "clinical-v0.1.0-logreg-r1: only committed",
        f"{RELEASE}/demo/predict.py: only committed",
    ]
