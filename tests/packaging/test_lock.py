"""The lock file: complete, hashed, from no registry in particular, and good for every Python that is promised."""

import re
import tomllib
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHONS = ("3.11", "3.12", "3.13")
SYSTEMS = (("linux", "Linux"), ("darwin", "Darwin"))


@cache
def pins() -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", LOCK, re.MULTILINE))


def test_every_pin_has_hashes() -> None:
    blocks = re.split(r"\n(?=[a-z])", LOCK)[1:]
    assert len(blocks) == len(pins()) > 30
    for block in blocks:
        assert re.match(r"\S+==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", block), block[:80]


def test_no_registry_is_named() -> None:
    assert not re.findall(r"https?:/|file:/|--(?:index|extra-index|find-links|trusted)|@ ", LOCK)


def test_it_holds_what_the_project_asks_for() -> None:
    for text in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]):
        wanted = Requirement(text)
        assert wanted.specifier.contains(pins()[canonicalize_name(wanted.name)]), text


def locked() -> list[Distribution]:
    found = {canonicalize_name(item.name): item for item in distributions()}
    different = [name for name, pin in pins().items() if name not in found or found[name].version != pin]
    if different:
        pytest.skip(f"this environment was not made from the lock: {', '.join(different)}")
    return [found[name] for name in pins()]


@pytest.mark.parametrize("python", PYTHONS)
def test_it_is_complete_on_every_python(python: str) -> None:
    """A package that only another Python or system needs must stand in the lock as well."""
    for item in locked():
        assert SpecifierSet(item.metadata.get("Requires-Python", "")).contains(f"{python}.0"), item.name
        for system, platform in SYSTEMS:
            environment = {
                "python_version": python,
                "python_full_version": f"{python}.0",
                "sys_platform": system,
                "platform_system": platform,
                "os_name": "posix",
                "extra": "",
            }
            for text in item.requires or ():
                needed = Requirement(text)
                if needed.marker is None or needed.marker.evaluate(environment):
                    assert canonicalize_name(needed.name) in pins(), f"{item.name} needs {text} on {python} ({system})"
