"""What is installed: files that ship with the tool, beside the package or at a checkout's top, and libraries."""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final, Literal

from proofpress.errors import BuildError

_CHECKOUT: Final = {"templates": "templates", "overrides": "site_src/overrides"}


def packaged(name: Literal["templates", "overrides"]) -> Path:
    """The folder of shipped templates or theme overrides. Raises BuildError when it is not installed."""
    package = Path(__file__).resolve().parent
    for candidate in (package / f"_{name}", package.parents[1] / _CHECKOUT[name]):
        if candidate.is_dir():
            return candidate
    raise BuildError(f"the installation has no folder '{name}'", hint="reinstall proofpress")


@cache
def _installed() -> Mapping[str, str]:
    """Versions by the names of the folders that installers leave: importing `importlib.metadata` takes 25 ms."""
    found: dict[str, str] = {}
    for folder in sys.path:
        with suppress(OSError):
            for entry in os.listdir(folder or os.curdir):  # noqa: PTH208 - names alone are wanted
                if entry.endswith(".dist-info"):
                    name, _, version = entry.removesuffix(".dist-info").partition("-")
                    found.setdefault(name.lower().replace("_", "-").replace(".", "-"), version)
    return found


def library_version(name: str) -> str:
    """Version of an installed library. Raises `importlib.metadata.PackageNotFoundError`."""
    known = _installed().get(name)
    if known is not None:
        return known
    from importlib.metadata import version  # noqa: PLC0415 - installed in some other way

    return version(name)
