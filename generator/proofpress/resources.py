"""What is installed: files that ship with the tool, beside the package or at a checkout's top, and libraries."""

from functools import cache
from importlib.metadata import version
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
def library_version(name: str) -> str:
    """Version of an installed library, asked once: the answer takes parsing all that the library says of itself.

    Raises `importlib.metadata.PackageNotFoundError`.
    """
    return version(name)
