"""`proofpress init`: an instance that checks as empty, builds nothing, and whose inputs every builder refuses."""

import json
import shlex
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from proofpress.cli import main
from proofpress.errors import ExitCode
from proofpress.ingest.strict import PARSERS
from proofpress.instance import open_instance
from proofpress.pipeline import rules_at
from proofpress.schemas import schemas
from proofpress.verify.profile import shipped_profiles

Capture = pytest.CaptureFixture[str]


def begun(root: Path, *options: str) -> Path:
    """A new instance in a folder."""
    assert main(["-C", str(root), "init", "releases", *options]) == ExitCode.OK
    return root / "releases"


@pytest.mark.parametrize("profile", sorted(shipped_profiles()))
def test_a_new_instance_checks_as_empty(profile: str, tmp_path: Path, capsys: Capture) -> None:
    folder = begun(tmp_path, "--profile", profile, "--family", "fruit", "--format", "json")
    report = json.loads(capsys.readouterr().out)
    assert list(Draft202012Validator(schemas()["init"]).iter_errors(report)) == []
    assert (
        sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == report["files"]
    )
    instance = open_instance(folder)
    assert instance.findings == ()
    assert instance.policy.families["fruit"].least_profile == instance.policy.default_profile == "fruit-release"
    assert rules_at(folder).profiles.chain("fruit-release")[1].name == profile
    assert main(["-C", str(folder), "check"]) == ExitCode.NOTHING_CHECKED
    assert "proofpress pack --help" in capsys.readouterr().err
    assert main(["-C", str(folder), "build"]) == ExitCode.NOTHING_CHECKED
    for path in report["files"]:
        text = (folder / path).read_text()
        assert "@" not in text, path
        if parse := PARSERS.get(Path(path).suffix):
            assert isinstance(parse(text.encode()), dict), path


def test_what_comes_next_asks_for_everything_of_the_profile(tmp_path: Path, capsys: Capture) -> None:
    folder = begun(tmp_path, "--profile", "tabular", "--family", "fruit", "--format", "json")
    report = json.loads(capsys.readouterr().out)
    assert "proofpress slices $PACK --profile fruit-release" in report["next"]
    assert sum("pack assurance" in command for command in report["next"]) == 1
    assert not any("demo run" in command for command in report["next"])
    named = {word for command in report["next"] for word in command.split() if word.startswith("inputs/")}
    assert named == {path for path in report["files"] if path.startswith("inputs/")}
    assert "\n".join(report["next"]) in (folder / "README.md").read_text()


@pytest.mark.parametrize("profile", ["complete", "tabular"])
def test_builders_refuse_inputs_that_nobody_filled(profile: str, tmp_path: Path, capsys: Capture) -> None:
    folder = begun(tmp_path, "--profile", profile, "--family", "fruit", "--format", "json")
    steps = json.loads(capsys.readouterr().out)["next"]
    pack = folder / "packs/fruit/fruit-v0.1.0-r1"
    pack.mkdir(parents=True)
    (folder / "run-results").mkdir()
    (folder / "run-results/test.jsonl").write_text('{"key": "a", "label": "x", "prediction": "x"}\n')
    tried = 0
    for step in steps:
        words = shlex.split(step.replace("$PACK", "packs/fruit/fruit-v0.1.0-r1"))
        named = [word for word in words if word.startswith("inputs/")]
        if named:
            code = main(["-C", str(folder), *words[1:]])
            assert code not in {ExitCode.OK, ExitCode.INTERNAL}, step
            assert "".join(capsys.readouterr()), step
            tried += 1
    assert tried == 6
    left = {path.name for path in pack.rglob("*.json")}  # of the preflight alone, which failed and says so
    assert left <= {"training_preflight_report.json", "config.schema.json"}


def test_names_and_folders_that_will_not_do(tmp_path: Path, capsys: Capture) -> None:
    words = ["-C", str(tmp_path), "init"]
    assert main([*words, "My Models"]) == ExitCode.OK
    assert (tmp_path / "My Models/packs/profiles/my-models-release.yaml").is_file()
    before = (tmp_path / "My Models/README.md").read_bytes()
    for given, said in (
        (["My Models"], "My Models/.gitignore is there already"),
        (["new", "--profile", "none"], "no profile 'none'"),
        (["new", "--family", "Über"], "can't name a family"),
    ):
        capsys.readouterr()
        assert main([*words, *given]) == ExitCode.USAGE
        assert said in capsys.readouterr().err
    assert before == (tmp_path / "My Models/README.md").read_bytes()
    assert not (tmp_path / "new").exists()
