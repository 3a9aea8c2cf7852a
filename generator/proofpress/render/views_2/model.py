"""The model card of set 2: what set 1 shows, and the public interface with its scores on fixed inputs."""

from proofpress.evidence.interface import SURFACE, FixedScore, Interface
from proofpress.render import views_1
from proofpress.render.printed import Row, records, src
from proofpress.render.sourced import Sourced

_INTERFACE = "interface.json"
_TITLES = {"exit_codes": "Exit codes", "flags": "Command-line flags"}


def model_card(views: views_1.Views) -> Row:
    """Purpose, identity, headline values, limits, files and interface of the model."""
    return views_1.model_card(views) | {"interface": _interface(views.evidence.interface)}


def _interface(interface: Interface | None) -> Row:
    if interface is None:
        return {}
    return {
        "lists": [
            {
                "title": _TITLES.get(name, name.capitalize()),
                "rows": records(_INTERFACE, f"/{name}", getattr(interface, name), ("name", "contract", "stability")),
            }
            for name in SURFACE
            if getattr(interface, name)
        ],
        "fixed": [
            {
                "name": src(_INTERFACE, f"/fixed_input_scores/{index}/name", item.name),
                "sha256": src(_INTERFACE, f"/fixed_input_scores/{index}/input_sha256", item.input_sha256),
                "rows": [
                    _score(f"/fixed_input_scores/{index}/scores/{place}", score)
                    for place, score in enumerate(item.scores)
                ],
            }
            for index, item in enumerate(interface.fixed_input_scores)
        ],
    }


def _score(pointer: str, score: FixedScore) -> Row:
    number = score.score is not None
    return {
        "key": src(_INTERFACE, f"{pointer}/key", score.key),
        "output": src(_INTERFACE, f"{pointer}/output", score.output),
        "answer": src(_INTERFACE, f"{pointer}/score", score.score)
        if number
        else Sourced(score.label or "", f"{_INTERFACE}#{pointer}/label"),
    }
