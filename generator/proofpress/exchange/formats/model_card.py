"""Hugging Face model cards: the YAML head of a README with its `model-index`."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from proofpress.exchange.foreign import Foreign, ForeignRow, Item, RefusedError
from proofpress.exchange.formats.found import files_below, place_of
from proofpress.exchange.reading import identified, items_of, measured, text_of, within
from proofpress.ingest.strict import StrictError, parse_yaml

HEAD: Final = re.compile(r"\A\ufeff?---[ \t]*\n(.*?)(?:\n---[ \t]*(?:\n|\Z))", re.DOTALL)
_TAKEN: Final = frozenset({"model-index", "license"})


class ModelCard:
    """Reads Markdown files with a `model-index`; a card is a release."""

    name = "hf-model-card"
    title = "Hugging Face model card with model-index"

    def items(self, source: Path) -> Iterator[Item]:
        """One release for each Markdown file."""
        for path in files_below(source, lambda name: name.lower().endswith(".md")):
            yield Item(name=place_of(path, source), family=str(path.parent), files=(path,))

    def read(self, item: Item, root: Path) -> Foreign:
        """Read the head of one card; its text is kept as a digest only."""
        path = item.files[0]
        data, file = identified(path, root)
        try:
            head, _body = head_of(data.decode("utf-8"))
        except (UnicodeDecodeError, StrictError) as exc:
            raise RefusedError(f"{file.path}: its head can't be read: {exc}") from exc
        index = head.get("model-index")
        models = [each for each in index if isinstance(each, Mapping)] if isinstance(index, list | tuple) else []
        if not models:
            raise RefusedError(f"{file.path} has no model-index")
        remarks = [f"the card describes {len(models)} models; the first was taken"] if len(models) > 1 else []
        first = models[0]
        results = first.get("results")
        rows = [
            row
            for at, each in enumerate(results if isinstance(results, list | tuple) else ())
            for row in _rows(each, f"{file.path}#/model-index/0/results/{at}")
        ]
        name = text_of(first.get("name")) or path.parent.name
        owner, slash, _rest = name.partition("/")
        return Foreign(
            name=name,
            version=text_of(head.get("version")) or f"card-{file.sha256[:12]}",
            upstream_id=name,
            files=(file,),
            rows=rows,
            title=name,
            licence=text_of(head.get("license")),
            authors=(owner,) if slash else (),
            keywords=tuple(text_of(each) for each in items_of(head.get("tags")) if text_of(each))[:20],
            mapped={
                f"{file.path}#/model-index/0/results": "model/eval_metrics.json#/rows",
                **({f"{file.path}#/license": "release.json#/licence"} if head.get("license") else {}),
            },
            kept={**{key: value for key, value in head.items() if key not in _TAKEN}, "model-index": index},
            no_place={file.path: "the card's text, which stays in its file"},
            remarks=remarks,
        )


def head_of(text: str) -> tuple[dict[str, Any], str]:
    """The YAML head of a card, and the text after it; an empty head when there is none. Raises `StrictError`."""
    text = text.replace("\r\n", "\n")
    match = HEAD.match(text)
    if match is None:
        return {}, text
    head = parse_yaml(match[1].encode("utf-8"))
    if not isinstance(head, dict):
        raise StrictError("the head is not a mapping")
    return head, text[match.end() :]


def _rows(raw: Any, place: str) -> Iterator[ForeignRow]:
    if not isinstance(raw, Mapping):
        return
    data = within(raw, "dataset")
    task = within(raw, "task")
    set_ = text_of(data.get("name")) or text_of(data.get("type")) or text_of(task.get("type")) or "evaluation"
    config, split = text_of(data.get("config")), text_of(data.get("split"))
    metrics = raw.get("metrics")
    for index, each in enumerate(metrics if isinstance(metrics, list | tuple) else ()):
        if not isinstance(each, Mapping):
            continue
        value, reason = measured(each.get("value"))
        yield ForeignRow(
            name=text_of(each.get("type")) or text_of(each.get("name")) or "metric",
            split="/".join(filter(None, (set_, config if config != "default" else "", split))),
            value=value,
            reason=reason,
            source=f"{place}/metrics/{index}/value",
        )
