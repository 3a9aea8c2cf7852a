"""CSV and JSON Lines: one measured value in each row, its columns named by a mapping file."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from proofpress.exchange.foreign import Foreign, ForeignRow, Item, RefusedError
from proofpress.exchange.formats.found import files_below, place_of
from proofpress.exchange.reading import identified, measured, parse, text_of
from proofpress.ingest.strict import StrictError, parse_yaml

MAPPING: Final = "columns.yaml"
_COLUMNS: Final = frozenset({"model", "version", "metric", "split", "value", "unit", "n", "higher_is_better"})


class Table:
    """Reads `.csv` and `.jsonl` files. A `columns.yaml` beside them names the columns that are not called as here."""

    name = "table"
    title = "CSV or JSON Lines: columns metric, split, value and more, named by columns.yaml"

    def items(self, source: Path) -> Iterator[Item]:
        """One release for each file."""
        for path in files_below(source, lambda name: name.lower().endswith((".csv", ".jsonl"))):
            yield Item(name=place_of(path, source), family=str(path.parent), files=(path,))

    def read(self, item: Item, root: Path) -> Foreign:
        """Read one table. A table of several models or versions is refused: a release is about one."""
        path = item.files[0]
        data, file = identified(path, root)
        remarks: list[str] = []
        columns = _columns(path.parent / MAPPING, root)
        try:
            table = list(_rows(data.decode("utf-8-sig"), path.suffix.lower(), remarks))
        except (UnicodeDecodeError, ValueError, csv.Error) as exc:
            raise RefusedError(f"{file.path} can't be read: {exc}") from exc
        if not table:
            raise RefusedError(f"{file.path} has no rows")
        for need in ("metric", "value"):
            if columns[need] not in table[0]:
                raise RefusedError(f"{file.path} has no column '{columns[need]}' for the {need}; name it in {MAPPING}")
        models = {text_of(_cell(row, columns["model"])) for row in table} - {""}
        versions = {text_of(_cell(row, columns["version"])) for row in table} - {""}
        if len(models) > 1 or len(versions) > 1:
            raise RefusedError(f"{file.path} holds {len(models)} models and {len(versions)} versions, not one of each")
        name, version = models.pop() if models else path.parent.name, versions.pop() if versions else path.stem
        taken = set(columns.values())
        rest = [{key: value for key, value in row.items() if key not in taken} for row in table]
        return Foreign(
            name=name,
            version=version,
            upstream_id=f"{name} {version}",
            files=(file,),
            rows=[_row(row, columns, f"{file.path}#/{index}") for index, row in enumerate(table)],
            title=f"{name} {version}",
            mapped={f"{file.path}#{columns['value']}": "model/eval_metrics.json#/rows"},
            kept={"rows": rest} if any(rest) else {},
            remarks=remarks,
        )


def _columns(path: Path, root: Path) -> dict[str, str]:
    """The table's column for each of ours, by its own name where the mapping names none."""
    own: Any = {}
    if path.is_file():
        try:
            own = parse_yaml(identified(path, root)[0])
        except StrictError as exc:
            raise RefusedError(f"{path.name}: {exc}") from exc
    if not isinstance(own, dict) or set(own) - _COLUMNS or not all(isinstance(value, str) for value in own.values()):
        raise RefusedError(f"{path.name} maps {', '.join(sorted(_COLUMNS))} to names of columns, nothing else")
    return {name: own.get(name, name) for name in _COLUMNS}


def _rows(text: str, suffix: str, remarks: list[str]) -> Iterator[Mapping[str, Any]]:
    if suffix == ".csv":
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        names = reader.fieldnames or ()
        if len(set(names)) != len(names):
            raise ValueError("a column's name stands twice")
        for row in reader:
            if None in row or None in row.values():
                raise ValueError(f"line {reader.line_num} has another number of cells than the head")
            yield row
        return
    for line in text.splitlines():
        if line.strip():
            row = parse(line, remarks)
            if not isinstance(row, dict):
                raise ValueError("a line is no object")
            yield row


def _cell(row: Mapping[str, Any], column: str) -> Any:
    value = row.get(column)
    return str(value) if value is not None and not isinstance(value, str | bool | Mapping) else value


def _row(row: Mapping[str, Any], columns: Mapping[str, str], place: str) -> ForeignRow:
    cell = row.get(columns["value"])
    value, reason = measured(cell.strip() if isinstance(cell, str) else cell)
    count, _why = measured(row.get(columns["n"]))
    wanted = str(row.get(columns["higher_is_better"])).strip().lower()
    return ForeignRow(
        name=text_of(_cell(row, columns["metric"])),
        split=text_of(_cell(row, columns["split"])) or "evaluation",
        value=value,
        reason=reason,
        unit=text_of(_cell(row, columns["unit"])),
        n=int(count) if count is not None and count.is_integer_token and count >= 0 else None,
        higher_is_better={"true": True, "false": False}.get(wanted),
        source=place,
    )
