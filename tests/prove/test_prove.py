"""A published site is proven, or what was altered in it is found where it is."""

import hashlib
import json
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from example_site import ROOT, copy_instance
from proofpress.build.site import build_site
from proofpress.build.sources import FOLDER, SIGNATURE, STATEMENT, read_sources
from proofpress.cli import main
from proofpress.errors import IngestError
from proofpress.prove.prove import Proof, lines, prove_site
from proofpress.prove.reader import FolderReader, HttpReader
from proofpress.signing.keys import SigningKey, write_key

KEY = SigningKey.from_seed(bytes([7] * 32))
RELEASE = "releases/digits-v0.1.0-logreg-r1/"
CATALOGUE = ("api/v1/index.json", "api/v1/families/")
DERIVED = 180


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example instance, built."""
    root = copy_instance(tmp_path_factory.mktemp("prove") / "instance")
    assert not build_site(root).refused
    return root


@pytest.fixture
def site(built: Path, tmp_path: Path) -> Path:
    """A copy of the built site that a test may alter."""
    return Path(shutil.copytree(built / "site", tmp_path / "site"))


def proof_of(site: Path) -> Proof:
    return prove_site(FolderReader(site), trust={})


def states(proof: Proof, state: str) -> set[str]:
    return {page.path for page in proof.pages if page.state == state}


def test_an_untouched_site_is_proven(site: Path) -> None:
    proof = proof_of(site)
    assert proof.proven, lines(proof)
    assert proof.counts["proven"] == sum(path.is_file() for path in site.rglob("*"))
    assert proof.packs == len(list((site / "releases").iterdir()))
    for name, said in (("site-proof", proof.plain()), ("site-source", json.loads((site / STATEMENT).read_bytes()))):
        schema = json.loads((ROOT / "docs" / "schemas" / f"{name}.schema.json").read_bytes())
        Draft202012Validator(schema).validate({"schema": f"proofpress.{name}/1", **said})
    assert lines(proof)[-1].startswith(f"proven: {proof.counts['proven']} files proven, 0 unproven, 0 contradicted")


def test_every_altered_file_is_found_and_no_other(site: Path) -> None:
    """A character changed, cut or added in as many derived files as there are, up to 180, by a fixed seed."""
    chance = random.Random(20261125)  # noqa: S311 - repeatable damage
    derived = [
        path
        for path in sorted(path for path in site.rglob("*") if path.is_file())
        if "files" not in path.relative_to(site).parts[:3]
        and not path.relative_to(site).as_posix().startswith((*CATALOGUE, FOLDER))
        and path.stat().st_size
    ]
    chosen = chance.sample(derived, min(DERIVED, len(derived)))
    assert len(chosen) > 100
    for path in chosen:
        data = bytearray(path.read_bytes())
        at = chance.randrange(len(data))
        how = chance.randrange(3)
        if how == 0:
            data[at] ^= 1
        elif how == 1:
            del data[at]
        else:
            data[at:at] = b"<script>alert(1)</script>"
        path.write_bytes(data)
    proof = proof_of(site)
    assert states(proof, "contradicted") == {path.relative_to(site).as_posix() for path in chosen}
    assert states(proof, "unproven") == set()


def _digit(site: Path) -> str:
    page = site / RELEASE / "eval-report" / "index.html"
    text = page.read_text("utf-8")
    assert "0.953618" in text
    page.write_text(text.replace("0.953618", "0.963618"), "utf-8")
    return f"{RELEASE}eval-report/index.html"


def _old_page(site: Path) -> str:
    """A release's page as it was for another release."""
    other = site / "releases" / "digits-v0.2.0-mlp64-r1" / "index.html"
    (site / RELEASE / "index.html").write_bytes(other.read_bytes())
    return f"{RELEASE}index.html"


def _removed(site: Path) -> str:
    (site / RELEASE / "changes" / "index.html").unlink()
    return f"{RELEASE}changes/index.html"


def _evidence(site: Path) -> str:
    path = site / RELEASE / "files" / "model" / "eval_metrics.json"
    path.write_text(path.read_text("utf-8").replace("0.953618", "0.963618"), "utf-8")
    return f"{RELEASE}files/model/eval_metrics.json"


def _missing_evidence(site: Path) -> str:
    (site / RELEASE / "files" / "release.json").unlink()
    return f"{RELEASE}files/release.json"


def _manifest(site: Path) -> str:
    path = site / RELEASE / "files" / "manifest.json"
    path.write_bytes(path.read_bytes() + b"\n")
    return f"{RELEASE}files/manifest.json"


def _source(site: Path) -> str:
    path = site / FOLDER / "files" / "site_src" / "pages" / "index.md"
    path.write_text(path.read_text("utf-8") + "\nMore.\n", "utf-8")
    return f"{FOLDER}files/site_src/pages/index.md"


def _log(site: Path) -> str:
    path = next((site / FOLDER / "files" / "packs" / "registry" / "log" / "tile" / "entries").rglob("36"))
    path.write_bytes(path.read_bytes()[:-10])
    return path.relative_to(site).as_posix()


def _catalogue(site: Path) -> str:
    """A release that the catalogue hides."""
    path = site / "api" / "v1" / "families" / "digits.json"
    value = json.loads(path.read_bytes())
    del value["releases"][-1]
    path.write_text(json.dumps(value), "utf-8")
    return STATEMENT


@pytest.mark.parametrize(
    "alter",
    [_digit, _old_page, _removed, _evidence, _missing_evidence, _manifest, _source, _log, _catalogue],
    ids=lambda alter: alter.__name__.strip("_"),
)
def test_an_alteration_is_found_where_it_is(site: Path, alter: Callable[[Path], str]) -> None:
    where = alter(site)
    proof = proof_of(site)
    assert states(proof, "contradicted") == {where}
    assert not proof.proven
    assert any(line.startswith(f"contradicted {where}: ") for line in lines(proof))


def test_a_file_that_nothing_gives_is_unproven(site: Path) -> None:
    (site / "extra.html").write_text("<p>more</p>", "utf-8")
    (site / "elsewhere.html").symlink_to(site / "index.html")
    proof = proof_of(site)
    assert states(proof, "unproven") == {"extra.html", "elsewhere.html"}
    assert states(proof, "contradicted") == set()


def test_an_exchanged_pack_is_not_the_one_that_was_bound(site: Path) -> None:
    """Evidence, manifest and catalogue altered to agree: the statement binds another pack."""
    files = site / RELEASE / "files"
    metrics = files / "model" / "eval_metrics.json"
    manifest, catalogue = files / "manifest.json", site / "api" / "v1" / "families" / "digits.json"
    before = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (metrics, manifest)]
    metrics.write_text(metrics.read_text("utf-8").replace("0.953618", "0.963618"), "utf-8")
    size = metrics.stat().st_size
    assert f'"size": {size}' in manifest.read_text("utf-8")
    after = hashlib.sha256(metrics.read_bytes()).hexdigest()
    manifest.write_text(manifest.read_text("utf-8").replace(before[0], after), "utf-8")
    pack_id = hashlib.sha256(manifest.read_bytes()).hexdigest()
    catalogue.write_text(catalogue.read_text("utf-8").replace(before[1], pack_id), "utf-8")
    proof = proof_of(site)
    assert not proof.proven
    assert STATEMENT in states(proof, "contradicted")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("mkdocs.yml", "hooks: [hook.py]\n", "hooks"),
        ("mkdocs.yml", "plugins: [search, macros]\n", "plugins"),
        ("mkdocs.yml", "markdown_extensions: [pymdownx.snippets]\n", "markdown_extensions"),
        ("mkdocs.yml", "extra: !!python/object/apply:os.system ['true']\n", "read safely"),
        ("mkdocs.yml", "docs_dir: ../..\n", "outside"),
        ("templates/own/model_card.md.j2", "{{ 1 }}", "templates of its own"),
    ],
)
def test_code_of_a_stranger_is_not_run(site: Path, name: str, text: str, why: str) -> None:
    statement = site / STATEMENT
    value = json.loads(statement.read_bytes())
    path = site / FOLDER / "files" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    base = path.read_text("utf-8") if path.is_file() else ""
    key = text.partition(":")[0]
    kept = base if f"\n{key}:" not in base else base.replace(f"\n{key}:", f"\nold_{key}:")
    path.write_text(kept + text, "utf-8")
    value["files"] = [item for item in value["files"] if item["path"] != name]
    value["files"].append({"path": name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "size": 1})
    statement.write_text(json.dumps(value), "utf-8")
    proof = proof_of(site)
    assert proof.counts["proven"] == proof.counts["contradicted"] == 0
    assert any(why in note for note in proof.notes)


@pytest.mark.parametrize("path", ["../outside.json", "/etc/passwd", "a//b", 7])
def test_paths_that_lead_out_are_refused(site: Path, path: object) -> None:
    statement = site / STATEMENT
    value = json.loads(statement.read_bytes())
    value["files"].append({"path": path, "sha256": "0" * 64, "size": 1})
    statement.write_text(json.dumps(value), "utf-8")
    with pytest.raises(IngestError, match="the site names a path"):
        proof_of(site)


def test_another_version_says_which_one_proves_it(site: Path) -> None:
    statement = site / STATEMENT
    value = json.loads(statement.read_bytes())
    statement.write_text(json.dumps({**value, "generated_by": "proofpress 99.1.0"}), "utf-8")
    proof = proof_of(site)
    assert states(proof, "proven") == set()
    assert any("pip install proofpress==99.1.0" in note for note in proof.notes)


def test_another_library_leaves_what_differs_unproven(site: Path) -> None:
    statement = site / STATEMENT
    value = json.loads(statement.read_bytes())
    value["libraries"]["pygments"] = "0.1"
    statement.write_text(json.dumps(value), "utf-8")
    proof = proof_of(site)
    assert states(proof, "unproven") == {STATEMENT}
    assert any("pygments 0.1" in note for note in proof.notes)


def test_a_signature_binds_the_statement(built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = Path(shutil.copytree(built, tmp_path / "instance", symlinks=True))
    write_key(tmp_path / "publisher.pem", KEY)
    assert main(["-C", str(root), "sign-site", "--key", str(tmp_path / "publisher.pem")]) == 0
    assert not build_site(root).refused
    assert (root / "site" / SIGNATURE).is_file()
    (tmp_path / "trusted.txt").write_text(f"# who publishes\n{KEY.public}\n", "utf-8")
    capsys.readouterr()
    trusted = ["--trust", str(tmp_path / "trusted.txt"), "--format", "json"]
    assert main(["verify-site", str(root / "site"), *trusted]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["schema"], said["proven"], said["signed_by"]) == ("proofpress.site-proof/1", True, [KEY.public])
    other = SigningKey.from_seed(bytes([8] * 32)).public
    assert main(["verify-site", str(root / "site"), "--trust", other]) == 1
    assert f"contradicted {SIGNATURE}" in capsys.readouterr().out
    page = root / "site" / FOLDER / "files" / "site_src" / "pages" / "index.md"
    page.write_text("# Other\n", "utf-8")
    assert main(["verify-site", str(root / "site"), *trusted]) == 1


def test_trust_is_given_as_keys(site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "none.txt").write_text("# nobody\n", "utf-8")
    for given in ("ed25519:no", str(tmp_path / "absent"), str(tmp_path / "none.txt")):
        assert main(["verify-site", str(site), "--trust", given]) == 2
        assert "--trust" in capsys.readouterr().err


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it overrides
        pass


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_site_is_proven_over_http(site: Path, address: str) -> None:
    proof = prove_site(HttpReader(address), trust={})
    assert proof.proven, lines(proof)
    where = _digit(site)
    assert states(prove_site(HttpReader(address), trust={}), "contradicted") == {where}


def test_the_programs_own_templates_are_no_sources() -> None:
    assert (ROOT / "templates").is_dir()
    assert not [name for name, _data in read_sources(ROOT).files if name.startswith("templates/")]


def test_a_place_without_sources_is_said_to_be_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "index.html").write_text("<p>a page</p>", "utf-8")
    assert main(["verify-site", str(tmp_path)]) == 4
    assert "source/site.json" in capsys.readouterr().err
    assert main(["verify-site", str(tmp_path / "absent")]) == 2
