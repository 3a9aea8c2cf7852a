"""What a release's pages tell of gates and sign-offs: a pure function of the bytes beside the pack."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from example_site import copy_instance
from proofpress.cli import main
from proofpress.evidence.attestation import Party
from proofpress.evidence.policy import Policy
from proofpress.ingest.strict import parse_yaml
from proofpress.signoff.read import Attested
from proofpress.site.signoff_page import ReleaseSignoff
from signoff.instance import FIRST, SECOND, Releases, releases

ROOT = Path(__file__).parents[2]


@pytest.fixture
def line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Releases:
    return releases(tmp_path, capsys)


def page(line: Releases, release: str = SECOND, *, policy_sha256: str = "") -> ReleaseSignoff:
    """What a release's pages are made from."""
    policy = Policy.model_validate(parse_yaml((line.root / "packs" / "policy.yaml").read_bytes()))
    files = {path.name: path.read_bytes() for path in line.folder(release).glob("*.json")}
    pack = Party(bundle_id=release, pack_id=line.pack(release).pack_id)
    return ReleaseSignoff(
        attested=Attested(pack=pack, family="digits", files=files),
        policy=policy,
        policy_sha256=policy_sha256 or json.loads(files["gate.json"])["policy"]["sha256"] if files else "",
        authors=("somebody",),
    )


def badge(made: ReleaseSignoff) -> tuple[str, str]:
    shown = made.badge()
    return shown["text"], shown["note"]


def test_states(line: Releases) -> None:
    assert badge(page(line)) == ("Signed off", "engineer, owner, 2026-06-02")
    assert badge(page(line, policy_sha256="0" * 64)) == (
        "Signed off",
        "engineer, owner, 2026-06-02, by an earlier policy",
    )
    assert badge(page(line, FIRST)) == ("Not signed off", "missing: owner, engineer")
    line.file("engineer").unlink()
    assert badge(page(line)) == ("Incomplete", "missing: engineer")
    no = line.answers("no.yaml", slices={"answer": "no", "note": "Eights fell."})
    line.sign("owner", "deputy", at="2026-06-02T10:00:00Z", answers=no)
    assert badge(page(line)) == ("Refused", "owner, 2026-06-02")
    assert "Eights fell." in json.dumps(page(line).view()["answers"])


def test_nothing_is_claimed_where_nothing_was_asked(line: Releases) -> None:
    line.policy(signoff={})
    made = page(line, FIRST)
    assert badge(made) == ("Not signed off", "the policy asks nobody")
    assert made.told  # of its gates
    (line.folder(FIRST) / "gate.json").unlink()
    assert not page(line, FIRST).told


def test_a_void_approval_is_shown_as_void(line: Releases) -> None:
    line.judge(SECOND, at="2026-06-01T13:00:00Z")
    made = page(line)
    assert badge(made) == ("Incomplete", "missing: owner, engineer")
    assert all("is not the one beside the pack" in row["cells"][1]["note"] for row in made.view()["rows"])
    assert [item["counts"] for item in made.json("releases/x/")["signoff"]["signed"]] == [False, False]


def test_a_replaced_answer_stays_visible(line: Releases) -> None:
    line.sign("owner", at="2026-06-02T12:00:00Z")
    notes = [row["cells"][1]["note"] for row in page(line).view()["rows"]]
    assert sorted(notes) == ["", "", "replaced by a later one"]


def built(root: Path) -> int:
    return main(["-C", str(root), "build", "--jobs", "1"])


def read(path: Path) -> Any:
    return json.loads(path.read_bytes())


def test_the_pages_of_a_signed_release(tmp_path: Path) -> None:
    copy_instance(tmp_path)
    assert built(tmp_path) == 0
    site, release = tmp_path / "site", "digits-v0.3.0-mlp64-r2"
    pages = site / "releases" / release
    assert "Signed off" in (pages / "index.html").read_text("utf-8")
    decision = (pages / "sign-off" / "index.html").read_text("utf-8")
    assert "example-owner" in decision
    assert "Is there no critical regression in a slice?" in decision
    told = read(site / "api/v1/releases" / f"{release}.json")
    assert (told["gate"], told["signoff"]["state"]) == ("PASS", "signed off")
    for item in told["signoff"]["signed"]:
        beside = tmp_path / "packs" / "attestations" / told["pack_id"].removeprefix("sha256:")
        assert (site / item["url"]).read_bytes() == (beside / Path(item["url"]).name).read_bytes()
        assert (pages / "attestations" / "gate.json").read_bytes() == (beside / "gate.json").read_bytes()
    refused = read(site / "api/v1/releases" / "clinical-v0.2.0-gbt-r1.json")
    assert (refused["gate"], refused["signoff"]["state"]) == ("FAIL", "refused")

    # A forged signature refuses the build; the old site stays.
    signed = next(path for path in (tmp_path / "packs" / "attestations").glob("*/signoff-owner-*.json"))
    envelope = read(signed)
    envelope["signatures"][0]["sig"] = "A" * 86 + "=="
    signed.write_text(json.dumps(envelope), encoding="utf-8")
    before = (site / "index.html").read_bytes()
    assert built(tmp_path) == 1
    assert (site / "index.html").read_bytes() == before
    signed.unlink()
    assert built(tmp_path) == 0


def test_the_example_keys_are_those_of_the_public_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """The story signs with keys that everybody can make; the policy names no others."""
    source = ROOT / "docs/examples/sklearn_releases/register.py"
    spec = importlib.util.spec_from_file_location("register", source)
    assert spec is not None
    assert spec.loader is not None
    monkeypatch.syspath_prepend(source.parent)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    policy = Policy.model_validate(parse_yaml((ROOT / "packs/policy.yaml").read_bytes()))
    roles = ("owner", "engineer", "operator", "monitor", "publisher", "deriver", "reviewer", "risk owner")
    assert {name.removeprefix("example-"): item.key for name, item in policy.keys.items()} == {
        role.replace(" ", "-"): module.example_key(role).public for role in roles
    }
    assert "PROTECT NOTHING" in (module.__doc__ or "")
