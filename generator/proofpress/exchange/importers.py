"""The formats that can be imported: those that come with Proofpress, and those of installed plugins."""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Final

from proofpress.errors import UsageError
from proofpress.exchange.foreign import Importer
from proofpress.exchange.formats.every_eval_ever import EveryEvalEver
from proofpress.exchange.formats.lm_eval import LmEval
from proofpress.exchange.formats.mlflow import MlflowExport
from proofpress.exchange.formats.model_card import ModelCard
from proofpress.exchange.formats.mteb import Mteb
from proofpress.exchange.formats.spacy import SpacyMeta
from proofpress.exchange.formats.table import Table

GROUP: Final = "proofpress.importers"
_OWN: Final[tuple[Importer, ...]] = (
    SpacyMeta(),
    Mteb(),
    LmEval(),
    EveryEvalEver(),
    ModelCard(),
    MlflowExport(),
    Table(),
)


@cache
def importers() -> Mapping[str, Importer]:
    """All importers by name; a plugin can't take the name of one that comes with Proofpress."""
    found: dict[str, Importer] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        loaded = point.load()
        importer: Importer = loaded() if isinstance(loaded, type) else loaded
        found[importer.name] = importer
    return dict(sorted({**found, **{each.name: each for each in _OWN}}.items()))


def importer_named(name: str) -> Importer:
    """An importer. Raises `UsageError` for an unknown name."""
    known = importers()
    if name not in known:
        raise UsageError(f"no importer '{name}'", hint=f"formats that are known: {', '.join(known)}")
    return known[name]
