"""Static release-evidence sites: verify, re-render, diff and publish what a model release claims.

`metrics_table(packs)` gives every metric row of packs as a list of dictionaries, for data frames.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["metrics_table"]
_PUBLIC = {"metrics_table": "proofpress.exchange.exports.metrics"}
"""Public functions by the module that holds them; each is imported when it is first asked for."""


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'proofpress' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)
