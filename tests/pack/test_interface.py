"""`interface.json`: promises that people write, and scores that the pack's files hold."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pack_builder import SURFACE, PackBuilder
from proofpress import verify
from proofpress.cli import main
from proofpress.errors import ExitCode
from proofpress.pack.interface import fixed_input, interface_from, public_symbols
from proofpress.pack.writer import PackError
from proofpress.schemas import schemas

SCORES = '{"key": "a", "parity": "odd", "probability": 0.970}\n{"key": "b", "parity": "even", "probability": 1}\n'


@pytest.fixture
def scored(pack: PackBuilder) -> PackBuilder:
    """A pack with a file of scores for the demo's input."""
    return pack.write("demo/scores.jsonl", SCORES)


def surface(pack: PackBuilder, **changes: Any) -> Path:
    fixed = {"name": "one", "input": "demo/inputs.jsonl", "scores": "demo/scores.jsonl", "outputs": ["parity"]}
    path = pack.root.parent / "surface.yaml"
    fields = {**SURFACE, "symbols": [{"name": "predict", "contract": "predict()"}], "fixed_inputs": [fixed]} | changes
    path.write_text(json.dumps({name: value for name, value in fields.items() if value is not None}), encoding="utf-8")
    return path


def test_scores_are_read_and_stay_exact(scored: PackBuilder) -> None:
    found = fixed_input(
        scored.folder,
        name="one",
        input_path="demo/inputs.jsonl",
        scores_path="demo/scores.jsonl",
        outputs=["parity", "probability"],
    )
    assert [(item.key, item.output, str(item.score), item.label) for item in found.scores] == [
        ("a", "parity", "None", "odd"),
        ("a", "probability", "0.970", None),
        ("b", "parity", "None", "even"),
        ("b", "probability", "1", None),
    ]


def test_the_command_writes_an_interface_that_verifies(
    scored: PackBuilder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    surface(scored)
    words = ["pack", "interface", str(scored.folder.relative_to(tmp_path)), "--surface", "surface.yaml"]
    assert main(["-C", str(tmp_path), *words, "--format", "json"]) == ExitCode.OK
    report = json.loads(capsys.readouterr().out)
    (output,) = report["outputs"]
    assert (output["path"], output["size"], report["scores"]) == (
        *("interface.json", (scored / "interface.json").stat().st_size),
        2,
    )
    assert list(Draft202012Validator(schemas()["pack-interface"]).iter_errors(report)) == []
    assert report["model_id"] == scored.value("model/model_package.json", "/model_id")
    assert scored.reseal().verify().findings == ()
    assert "| a | parity | odd |" in (scored / "model/model_card.md").read_text(encoding="utf-8")
    assert main(["-C", str(tmp_path), *words]) == ExitCode.OK
    assert capsys.readouterr().out == f"{output['sha256']}  interface.json\n"


@pytest.mark.parametrize("name", ["outputs", "metrics"])
def test_an_emptied_list_is_a_finding(name: str, pack: PackBuilder) -> None:
    pack.with_interface().corrupt("interface.json", f"/{name}", []).reseal()
    (finding,) = pack.verify().findings
    assert (finding.rule, finding.pointer, finding.found) == ("IFC004", f"/{name}", "nothing")


def test_what_is_not_listed_is_taken_from_model_and_evaluation(scored: PackBuilder) -> None:
    written = interface_from(scored.folder, surface(scored, inputs=None))
    assert [(item.name, item.contract) for item in written.inputs] == [("number", "integer, shape [n]")]
    assert [item.name for item in written.outputs] == ["parity"]
    assert [(item.name, item.contract) for item in written.metrics] == [("accuracy", "fraction, higher is better")]
    written = interface_from(scored.folder, surface(scored, outputs=[{"name": "parity", "contract": "even or odd"}]))
    assert [item.contract for item in written.outputs] == ["even or odd"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"commands": []}, "no list 'commands'"),
        ({"outputs": []}, "the list 'outputs' of the interface is empty"),
        ({"metrics": []}, "the list 'metrics' of the interface is empty"),
        ({"symbols": [{"name": "predict"}]}, "/symbols/0/contract"),
        ({"fixed_inputs": []}, "/fixed_input_scores"),
        ({"fixed_inputs": [{"name": "one"}]}, "fixed input 1 lacks input, scores, outputs"),
        ({"fixed_inputs": [1]}, "no list of objects"),
        ({"fixed_inputs": 1}, "no list of objects"),
        ({"fixed_inputs": [{"name": "one", "input": 1, "scores": "b", "outputs": []}]}, "are texts"),
        ({"fixed_inputs": [{"name": "one", "input": "a", "scores": "b", "outputs": 3}]}, "outputs a list of texts"),
    ],
)
def test_promises_that_are_none_are_refused(changes: dict[str, Any], words: str, scored: PackBuilder) -> None:
    with pytest.raises(PackError, match=words):
        interface_from(scored.folder, surface(scored, **changes))
    assert not (scored / "interface.json").exists()


def test_a_refused_interface_leaves_the_one_that_is_there(scored: PackBuilder) -> None:
    interface_from(scored.folder, surface(scored))
    before = (scored / "interface.json").read_bytes()
    with pytest.raises(PackError):
        interface_from(scored.folder, surface(scored, symbols=[{"name": "predict"}]))
    assert (scored / "interface.json").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "0 rows"),
        ("[1]\n", "a row is no object"),
        ('{"key": "a"}\n', "neither a number nor a word"),
        ('{"key": "a", "parity": ["odd"]}\n', "neither a number nor a word"),
        ('{"key": "a", "parity": "odd"}', "no line feed"),
        ('{"key": "' + "a" * 300 + '", "parity": "odd"}\n', "at most 200"),
        ('{"parity": "odd"}\n' * 1001, "between 1 and 1000"),
    ],
)
def test_scores_that_are_none_are_refused(text: str, words: str, scored: PackBuilder) -> None:
    scored.write("demo/scores.jsonl", text)
    with pytest.raises(PackError, match=words):
        interface_from(scored.folder, surface(scored))


def test_without_model_or_scores_there_is_no_interface(scored: PackBuilder) -> None:
    scored.remove("demo/scores.jsonl")
    with pytest.raises(PackError, match="can't be read"):
        interface_from(scored.folder, surface(scored))
    scored.remove("model/manifest.json")
    with pytest.raises(PackError, match=r"no model/manifest\.json"):
        interface_from(scored.folder, surface(scored))


def test_the_symbols_of_a_module_with_their_signatures() -> None:
    found = {item["name"]: item["contract"] for item in public_symbols(verify)}
    assert set(found) == {f"proofpress.verify.{name}" for name in verify.__all__}
    assert found["proofpress.verify.verify"].startswith("verify(loaded: ")
    assert found["proofpress.verify.RULE_BOOK"] == "RULE_BOOK: int"
