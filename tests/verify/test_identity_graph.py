"""The graph of identities: the same table as the rules, drawn so that a reader sees which run a file came from."""

import json
from pathlib import Path

import pytest

from pack_builder import EVAL, PackBuilder
from proofpress.cli import main
from proofpress.evidence.pack import KINDS
from proofpress.evidence.values import Number
from proofpress.verify.explain import explain_text, graph_json
from proofpress.verify.identity_graph import SHARED, IdentityGraph, identity_graph

MODEL, RUN, COST = "model/model_package.json", "training/training_run.json", "model/efficiency_report.json"


def graph_of(pack: PackBuilder) -> IdentityGraph:
    loaded = pack.load()
    assert loaded.evidence is not None
    return identity_graph(loaded.evidence, loaded.raw)


def test_a_valid_pack_tells_one_story(pack: PackBuilder) -> None:
    graph = graph_of(pack)
    assert graph.diagnosis == ()
    assert {edge.node.kind for edge in graph.edges} == {shared.name for shared in SHARED}
    assert sum(edge.is_source for edge in graph.edges) == len(SHARED)
    assert graph.origins()[EVAL][2:] == ("training run train-1", "evaluation run eval-1")
    assert "training run train-1" in graph.origins()["model/weights.bin"]
    assert "all files tell one story" in explain_text("digits/x", graph)


def test_metrics_of_another_run_are_named_with_both_runs(pack: PackBuilder) -> None:
    pack.corrupt(EVAL, "/parameters/threshold", Number("0.65")).corrupt(EVAL, "/training_run_id", "train-2").reseal()
    graph = graph_of(pack)
    assert graph.diagnosis == (
        f"{EVAL} came from training run train-2, {RUN} is training run train-1: these files come from different runs",
        "metrics came from a run with threshold 0.65, the promoted parameters (training/params.yaml) say 0.50",
    )
    assert "training run train-2" in graph.origins()[EVAL]
    text = explain_text("digits/x", graph)
    assert f"├─✗ {EVAL}#/training_run_id says train-2  [IDN005]" in text
    assert f"├─✗ {EVAL}#/parameters says depth=2, threshold=0.65  [PAR001]" in text


@pytest.mark.parametrize(
    ("path", "pointer", "value", "rule"),
    [
        (EVAL, "/training_run_id", "train-2", "IDN005"),
        (COST, "/run_id", "eval-2", "IDN008"),
        (MODEL, "/commit", "e" * 40, "IDN006"),
        (EVAL, "/dataset_snapshot_id", "other", "IDN004"),
        (COST, "/model_id", "sha256:" + "d" * 64, "IDN003"),
        (RUN, "/release_id", "digits-v0.2.0-tiny-r1", "IDN001"),
        (EVAL, "/parameters/depth", 3, "PAR001"),
        (RUN, "/outputs/0/size", 3, "INT007"),
    ],
)
def test_an_edge_that_disagrees_is_the_rule_that_refuses(
    path: str, pointer: str, value: object, rule: str, pack: PackBuilder
) -> None:
    pack.corrupt(path, pointer, value).reseal()
    wrong = [edge for edge in graph_of(pack).edges if not edge.agrees]
    assert {edge.rule for edge in wrong} == {rule} == {finding.rule for finding in pack.verify().errors}


def test_every_identity_that_a_document_has_is_in_the_table() -> None:
    """A new kind of document with a run, model or commit is held to the others', or this says that it is not."""
    for kind in KINDS:
        if kind.path.startswith("derivations/"):
            continue  # commit and runs are those of the analysis; DRV015, DRV018 and DRV020 hold them
        stated = {shared.named.get(kind.name, shared.said_by) for shared in SHARED}
        fields = {name for name in kind.model.model_fields if name.endswith("_id") or name == "commit"}
        assert fields <= stated, kind.name


def test_the_lock_is_held_only_to_what_its_stages_read(pack: PackBuilder) -> None:
    pack.replace("training/dvc.lock", "        depth: 2\n", "").reseal()
    assert graph_of(pack).diagnosis == ()


def test_the_command_draws_it(pack: PackBuilder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack.corrupt(EVAL, "/training_run_id", "train-2").corrupt(EVAL, "/parameters/depth", "2\u202e").reseal()
    command = ["-C", str(tmp_path), "verify", "--explain", f"packs/digits/{pack.release_id}"]
    assert main(command) == 1
    out = capsys.readouterr().out
    assert "which run each file came from" in out
    assert "IDN005" in out
    assert "\u202e" not in out
    assert main([*command, "--format", "json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["packs"]
    assert found["verdict"] == "refused"
    assert {edge["rule"] for edge in found["edges"] if not edge["agrees"]} == {"IDN005", "PAR001"}
    assert main([*command, "--format", "sarif"]) == 2


def test_without_a_manifest_nothing_can_be_drawn(pack: PackBuilder) -> None:
    pack.remove("manifest.json")
    assert pack.load().evidence is None
    assert "nothing says which run" in explain_text("digits/x", None)
    assert graph_json(None)["edges"] == []


@pytest.mark.parametrize(
    ("path", "pointer", "value", "rule"),
    [
        (RUN, "/run_id", "train-2", "IDN005"),
        (RUN, "/commit", "e" * 40, "IDN006"),
        ("dataset/dataset_package.json", "/dataset_snapshot_id", "digits-other", "IDN004"),
        ("model/manifest.json", "/format", "another table", "IDN003"),
        ("release.json", "/released_at", "2026-01-01T00:00:00Z", "IDN007"),
    ],
)
def test_a_source_that_all_others_contradict_is_the_wrong_file(
    path: str, pointer: str, value: str, rule: str, pack: PackBuilder
) -> None:
    pack.corrupt(path, pointer, value).reseal(bindings=False)
    found = [(item.rule, item.file) for item in pack.verify().errors if item.rule.startswith("IDN")]
    assert found == [(rule, path)]


def test_parameters_that_nobody_ran_are_the_wrong_file(pack: PackBuilder) -> None:
    pack.replace("training/params.yaml", "0.50", "0.65").replace("training/dvc.lock", "0.5", "0.65")
    pack.preflighted().reseal()
    (finding,) = [item for item in pack.verify().errors if item.rule[:3] in {"PAR", "LCK"}]
    assert (finding.rule, finding.file, finding.pointer) == ("PAR001", "training/params.yaml", "/threshold")
    assert "metrics came from a run with threshold 0.50" in finding.message
    assert "the promoted parameters (training/params.yaml) say 0.65" in finding.message


def test_a_contradicted_source_is_drawn_as_the_one_that_disagrees(pack: PackBuilder) -> None:
    pack.corrupt(RUN, "/run_id", "train-2").reseal()
    (edge,) = [edge for edge in graph_of(pack).edges if not edge.agrees]
    assert (edge.file, edge.rule, edge.is_source) == (RUN, "IDN005", False)
    (text,) = edge.trouble
    assert text.startswith(f"{RUN} came from training run train-2, model/model_package.json names training run train-1")
