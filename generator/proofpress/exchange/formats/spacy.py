"""spaCy: `meta.json` of a packaged pipeline, of version 2 (`accuracy`) and 3 (`performance`)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from proofpress.exchange.foreign import Foreign, ForeignRow, Item, RefusedError
from proofpress.exchange.formats.found import files_named, in_version_order
from proofpress.exchange.reading import items_of, measured, read_object, text_of
from proofpress.ingest.strict import pointer_of

_SPLIT: Final = "evaluation"
_RENAMED: Final = {
    "uas": "dep_uas",
    "las": "dep_las",
    "tags_acc": "tag_acc",
    "las_per_type": "dep_las_per_type",
    "ner_p": "ents_p",
    "ner_r": "ents_r",
    "ner_f": "ents_f",
    "sent_p": "sents_p",
    "sent_r": "sents_r",
    "sent_f": "sents_f",
    "tok": "token_acc",
    "tag": "tag_acc",
    "pos": "pos_acc",
    "morph": "morph_acc",
    "lemma": "lemma_acc",
}
"""Names of spaCy 2 and of its 3.0 nightlies → the names that 3.0 gave the same scores."""
_PER: Final = {
    "dep_las_per_type": "dependency label",
    "ents_per_type": "entity type",
    "morph_per_feat": "morphological feature",
    "cats_f_per_type": "category",
    "cats_auc_per_type": "category",
    "spans_sc_per_type": "span type",
}
_MAPPED: Final = ("name", "lang", "version", "description", "license", "author", "sources", "accuracy", "performance")


class SpacyMeta:
    """Reads `<family>/<version>/meta.json`, or any folder below which such files stand."""

    name = "spacy"
    title = "spaCy pipeline: meta.json"

    def items(self, source: Path) -> Iterator[Item]:
        """One release for each `meta.json`, by folder, in the order of their versions."""
        yield from in_version_order(files_named(source, "meta.json"), source)

    def read(self, item: Item, root: Path) -> Foreign:
        """Read one `meta.json`."""
        read = read_object(item.files[0], root)
        raw, place = read.value, read.file.path
        lang, name, version = (text_of(raw.get(field)) for field in ("lang", "name", "version"))
        if not name or not version:
            raise RefusedError(f"{place} states no name or no version")
        full = f"{lang}_{name}" if lang and not name.startswith(f"{lang}_") else name
        rows = [row for field in ("performance", "accuracy") for row in _rows(raw.get(field), f"{place}#/{field}")]
        sources = raw.get("sources")
        named = [text_of(each.get("name") if isinstance(each, Mapping) else each) for each in items_of(sources)]
        speed = raw.get("speed")
        remarks = list(read.remarks)
        if "accuracy" in raw and isinstance(speed, Mapping):
            remarks.append("speed of spaCy 2 is kept as it is: it is stated by device and for a number of words")
        if renamed := sorted({f"{row.renamed_from} is {row.name}" for row in rows if row.renamed_from}):
            remarks.append(f"names of spaCy 2 or of an early spaCy 3: {', '.join(renamed)}")
        return Foreign(
            name=full,
            version=version,
            upstream_id=f"{full}-{version}",
            files=(read.file,),
            rows=rows,
            title=f"{full} {version}",
            summary=text_of(raw.get("description")),
            licence=text_of(raw.get("license")),
            authors=tuple(filter(None, [text_of(raw.get("author"))])),
            keywords=tuple(filter(None, [lang, *named]))[:20],
            dimensions={value: f"Examples by {value}, as spaCy reports them" for value in _PER.values()},
            headline=("ents_f", "dep_las", "tag_acc"),
            mapped={f"{place}#/{field}": where for field, where in _PLACES.items() if raw.get(field)},
            kept={
                field: value for field, value in raw.items() if field not in {*_MAPPED} - {"sources", "lang", "name"}
            },
            remarks=remarks,
            one_scale=True,
        )


_PLACES: Final = {
    "version": "release.json#/version",
    "description": "release.json#/summary",
    "license": "release.json#/licence",
    "author": "release.json#/authors/0/name",
}


def _rows(scores: Any, place: str) -> Iterator[ForeignRow]:
    if not isinstance(scores, Mapping):
        return
    for name, value in scores.items():
        ours = str(_RENAMED.get(name, name))
        renamed = name if ours != name else ""
        where = place + pointer_of((name,))
        if not isinstance(value, Mapping):
            number, reason = measured(value)
            yield ForeignRow(
                name=ours,
                split=_SPLIT,
                value=number,
                reason=reason,
                source=where,
                renamed_from=renamed,
                unit=_unit(name),
            )
            continue
        for part, scored in value.items():
            parts = scored.items() if isinstance(scored, Mapping) else [("", scored)]
            for letter, one in parts:
                number, reason = measured(one)
                yield ForeignRow(
                    name=f"{ours}_{letter}" if letter else ours,
                    split=_SPLIT,
                    value=number,
                    reason=reason,
                    slice=(_PER.get(ours, f"{ours} part"), str(part)),
                    source=where + pointer_of((part, *([letter] if letter else []))),
                    renamed_from=f"{name}.{letter}" if renamed else "",
                )


def _unit(name: str) -> str:
    return "words/s" if name == "speed" else ""
