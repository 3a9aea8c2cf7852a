"""`interface.json`: what people promise, and the scores that the pack's own files hold for fixed inputs."""

import hashlib
import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from pydantic import ValidationError

from proofpress.evidence.evaluation import EvalMetrics
from proofpress.evidence.interface import SURFACE, FixedInput, FixedScore, Interface
from proofpress.evidence.model import ModelPackage
from proofpress.ingest.load import HELD_ARTIFACT_BYTES
from proofpress.ingest.rows import lines_of
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import StrictError, parse_json
from proofpress.pack.model import model_id_of
from proofpress.pack.writer import PackError, document_in, read_fields, write_document
from proofpress.verify.rules.promises import answer_of

_LABEL: Final = "proofpress.pack.interface"
MOST_SCORES: Final = 1000


def public_symbols(module: ModuleType) -> list[dict[str, str]]:
    """The names in a module's `__all__` with their signatures, as promises of an interface."""
    found = []
    for name in sorted(module.__all__):
        value = getattr(module, name)
        try:
            contract = f"{name}{inspect.signature(value)}"
        except (TypeError, ValueError):
            contract = f"{name}: {type(value).__name__}"
        found.append({"name": f"{module.__name__}.{name}", "contract": contract})
    return found


def fixed_input(
    folder: Path, *, name: str, input_path: str, scores_path: str, outputs: Sequence[str], key: str = "key"
) -> FixedInput:
    """Read the answers to a packaged input: JSON Lines below `folder`, one row a record.

    `key` is the field that identifies a row (else its line number), `outputs` the fields that are the answers.
    Raises `PackError` when a file is missing or an answer is neither a number nor a word.
    """
    try:
        digest = hashlib.sha256(read_file(folder / input_path)).hexdigest()
        rows = [parse_json(line) for line in lines_of(read_file(folder / scores_path, most=HELD_ARTIFACT_BYTES))]
    except OSError as exc:
        raise PackError(f"the fixed input '{name}' or its scores can't be read: {exc.strerror or exc}") from exc
    except StrictError as exc:
        raise PackError(f"{scores_path}{exc.pointer}: {exc}") from exc
    if not rows or len(rows) * len(outputs) > MOST_SCORES:
        raise PackError(f"{scores_path} holds {len(rows)} rows, between 1 and {MOST_SCORES} answers are expected")
    if not all(isinstance(row, dict) for row in rows):
        raise PackError(f"{scores_path}: a row is no object")
    try:
        scores = [
            _scored(row.get(output), str(row.get(key, number)), output, scores_path)
            for number, row in enumerate(rows, start=1)
            for output in outputs
        ]
        return FixedInput(
            name=name,
            input_sha256=digest,
            input_path=input_path,
            scores_path=scores_path,
            key_field=key,
            scores=tuple(scores),
        )
    except ValidationError as exc:
        raise PackError(f"{scores_path}: {exc.errors(include_url=False)[0]['msg']}") from exc


def _scored(value: Any, key: str, output: str, where: str) -> FixedScore:
    score, label = answer_of(value)
    if score is None and label is None:
        raise PackError(f"{where}: the answer '{output}' for {key} is neither a number nor a word")
    return FixedScore(key=key, output=output, **({"label": label} if score is None else {"score": score}))


def write_interface(
    folder: Path,
    *,
    model_id: str,
    surface: Mapping[str, Sequence[Mapping[str, Any]]],
    fixed_input_scores: Sequence[FixedInput],
) -> Interface:
    """Write `interface.json`. `surface` holds promises (name, contract, stability) by list: symbols, flags, …."""
    if unknown := sorted(surface.keys() - set(SURFACE)):
        raise PackError(f"an interface has no list '{unknown[0]}'", hint=f"its lists: {', '.join(SURFACE)}")
    if emptied := [name for name in ("inputs", "outputs", "metrics") if name in surface and not surface[name]]:
        raise PackError(
            f"the list '{emptied[0]}' of the interface is empty",
            hint="leave it out to promise those of model and evaluation, or name them",
        )
    lists = {name: surface[name] for name in SURFACE if surface.get(name)}
    return write_document(
        folder,
        Interface,
        {"model_id": model_id, **lists, "fixed_input_scores": fixed_input_scores},
        generated_by=_LABEL,
    )


def interface_from(folder: Path, surface: Path) -> Interface:
    """Write a pack's interface as a file of promises says; digests, scores and model are read from the pack.

    Beside the lists, the file holds `fixed_inputs`: name, `input` and `scores` (paths in the pack), `outputs` (fields
    of the scores) and perhaps `key`. Inputs, outputs and metrics that it does not list are those of the model package
    and of the evaluation. Raises `PackError`, also on a list of these that is written down empty.
    """
    given = read_fields(surface)
    declared = given.pop("fixed_inputs", ())
    model_id = model_id_of(folder)
    fields = {**_known_surface(folder), **given}
    scores = [_declared_input(folder, item, surface.name) for item in _declared(declared, surface.name)]
    return write_interface(folder, model_id=model_id, surface=fields, fixed_input_scores=scores)


def _known_surface(folder: Path) -> dict[str, list[dict[str, str]]]:
    """What model package and evaluation say that users send, get and are told, as promises."""
    model, evaluation = document_in(folder, ModelPackage), document_in(folder, EvalMetrics)
    known: dict[str, list[dict[str, str]]] = {}
    for kind, ports in (("inputs", model.inputs), ("outputs", model.outputs)) if model else ():
        known[kind] = [{"name": item.name, "contract": f"{item.type}, shape {item.shape}"} for item in ports]
    if evaluation is not None:
        words = {True: "higher is better", False: "lower is better", None: "neither direction is better"}
        rows = {row.name: row for row in evaluation.rows if row.slice is None}
        known["metrics"] = [
            {"name": name, "contract": f"{row.unit}, {words[row.higher_is_better]}"} for name, row in rows.items()
        ]
    return known


def _declared(items: Any, where: str) -> Sequence[Mapping[str, Any]]:
    """The fixed inputs of a file of promises, each with all of its fields."""
    needed = ("name", "input", "scores", "outputs")
    if not isinstance(items, list | tuple) or not all(isinstance(item, Mapping) for item in items):
        raise PackError(f"{where}: fixed_inputs is no list of objects", hint=f"each has {', '.join(needed)}")
    for number, item in enumerate(items, start=1):
        if missing := [name for name in needed if name not in item]:
            raise PackError(
                f"{where}: fixed input {number} lacks {', '.join(missing)}",
                hint=f"a fixed input needs {', '.join(needed)}",
            )
    return items


def _declared_input(folder: Path, item: Mapping[str, Any], where: str) -> FixedInput:
    texts = [item[name] for name in ("name", "input", "scores")] + [item.get("key", "key")]
    outputs = item["outputs"]
    if not isinstance(outputs, list | tuple) or not all(isinstance(text, str) for text in (*texts, *outputs)):
        raise PackError(f"{where}: name, input, scores and key of a fixed input are texts, outputs a list of texts")
    name, input_path, scores_path, key = texts
    return fixed_input(folder, name=name, input_path=input_path, scores_path=scores_path, outputs=outputs, key=key)
