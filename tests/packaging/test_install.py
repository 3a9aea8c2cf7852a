"""The tool as users install it: wheel, source archive and editable checkout carry everything, and build alike."""

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = ("generator/proofpress/py.typed", "generator/proofpress/verify/profiles/standard.yaml")
EPOCH = "1767225600"
_WHERE = """
import json, proofpress
from importlib.resources import files
from proofpress.resources import packaged
from proofpress.verify.profile import shipped_profiles
assert (files("proofpress") / "py.typed").is_file()
print(json.dumps({
    "package": proofpress.__file__,
    "templates": str(packaged("templates")),
    "overrides": str(packaged("overrides")),
    "profiles": list(shipped_profiles()),
}))
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command without network, without this checkout on its path; return what it prints."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_", "PROOFPRESS"))}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**kept, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "SOURCE_DATE_EPOCH": EPOCH},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(kind: str, source: Path, out: Path) -> Path:
    """Build a `wheel` or `sdist` of a source tree with the installed backend."""
    run(sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "--outdir", out, source, cwd=out.parent)
    [built] = out.iterdir()
    return built


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """A wheel, a source archive, and the checkout itself."""
    folder = tmp_path_factory.mktemp("built")
    found = {kind: build(kind, ROOT, folder / kind) for kind in ("wheel", "sdist")}
    return {**found, "editable": ROOT}


@pytest.mark.parametrize("kind", ["wheel", "sdist", "editable"])
def test_an_installation_works(kind: str, built: Mapping[str, Path], tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=tmp_path)
    python = environment / "bin" / "python"
    libraries = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip())
    # The libraries of this test's environment, but none of its .pth files, so no other proofpress.
    (libraries / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--ignore-installed"]
    what = ["--editable", str(ROOT)] if kind == "editable" else [str(built[kind])]
    run(*install, "--no-deps", "--no-build-isolation", *what, cwd=tmp_path)

    command = environment / "bin" / "proofpress"
    assert run(command, "--version", cwd=tmp_path).startswith("proofpress, version ")
    assert "INT001" in run(python, "-m", "proofpress", "rules", cwd=tmp_path)
    pack = min((ROOT / "packs").glob("*/*/manifest.json")).parent
    assert run(command, "-C", ROOT, "verify", pack, cwd=tmp_path).endswith("1 of 1 packs verified\n")

    where = json.loads(run(python, "-c", _WHERE, cwd=tmp_path))
    home = ROOT if kind == "editable" else environment
    for name in ("package", "templates", "overrides"):
        assert Path(where[name]).is_relative_to(home), where
    assert (Path(where["templates"]) / "documents" / "1" / "model_card.md.j2").is_file()
    assert (Path(where["overrides"]) / "frame.html").is_file()
    assert where["profiles"] == sorted(
        path.stem for path in (ROOT / "generator/proofpress/verify/profiles").glob("*.yaml")
    )


def files_below(folder: str, inside: str) -> set[str]:
    """Paths that an archive must hold for everything below a folder of the checkout."""
    paths = (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {f"{inside}/{path.relative_to(ROOT / folder).as_posix()}" for path in paths}


def test_the_wheel_holds_the_tool_and_nothing_else(built: Mapping[str, Path]) -> None:
    with zipfile.ZipFile(built["wheel"]) as wheel:
        names = set(wheel.namelist())
    info = {name for name in names if ".dist-info/" in name}
    assert {name.partition("/")[2] for name in info} >= {"METADATA", "entry_points.txt", "licenses/LICENSE"}
    assert names - info == (
        files_below("generator/proofpress", "proofpress")
        | files_below("templates", "proofpress/_templates")
        | files_below("site_src/overrides", "proofpress/_overrides")
    )


def test_the_source_archive_holds_what_a_wheel_is_made_of(built: Mapping[str, Path]) -> None:
    with tarfile.open(built["sdist"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    tool = {*DATA, "LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml"}
    overrides = "site_src/overrides"
    assert names >= tool | files_below("templates", "templates") | files_below(overrides, overrides)
    assert not {name for name in names if name.startswith(("packs/", "tests/", "docs/", "build/", ".venv/"))}


def test_the_same_source_gives_the_same_wheel(built: Mapping[str, Path], tmp_path: Path) -> None:
    with tarfile.open(built["sdist"]) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.0 to 3.11.3 have none
        archive.extractall(tmp_path)  # noqa: S202 - an archive of our own
    [unpacked] = tmp_path.iterdir()
    again = build("wheel", unpacked, tmp_path / "again")
    assert again.name == built["wheel"].name
    assert again.read_bytes() == built["wheel"].read_bytes()
