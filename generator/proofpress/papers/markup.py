"""Markdown, Quarto and Typst as plain text with marks."""

import re
from typing import Final

from proofpress.papers.source import (
    CELL,
    CITE,
    CLAIM,
    DONE,
    END,
    FLOAT,
    PARAGRAPH,
    QUIET,
    ROW,
    TABLE,
    UNFLOAT,
    URL,
    Annotation,
    Source,
    annotation_in,
    mark,
)

_KEY: Final = r"[A-Za-z0-9_][A-Za-z0-9_:.#$%&\-+?<>~/]*[A-Za-z0-9_]|[A-Za-z0-9_]"
_MD: Final = re.compile(
    r"(?P<comment><!--.*?-->)"
    r"|\[(?P<span>[^\[\]]*)\]\{[^{}]*?proofpress=\"(?P<claim>[^\"]*)\"[^{}]*\}"
    r"|\[(?P<cites>[^\[\]]*?@[^\[\]]*)\]"
    r"|!?\[(?P<label>[^\[\]]*)\]\((?P<target>[^()\s]*)[^()]*\)"
    r"|<(?P<auto>https?://[^<>\s]+)>"
    r"|(?P<bare>https?://[^\s<>)\]]+)"
    r"|(?<![\w.])@\{?(?P<key>" + _KEY + r")\}?"
    r"|\\(?:[a-z]*cite[a-z]*)\*?(?:\[[^\]]*\])*\{(?P<tex>[^{}]*)\}"
    r"|(?P<shortcode>\{\{<.*?>\}\})"
    r"|(?P<math>\$\$?)"
    r"|\\(?P<escaped>[^A-Za-z0-9\s])"
    r"|\\(?P<command>[A-Za-z]+)"
    r"|(?P<emphasis>\*+|~~|`+|(?<!\w)_+(?=\w)|(?<=\w)_+(?!\w))",
    re.DOTALL,
)
_COMMANDS: Final = {"times": "×", "pm": "±", "approx": "≈", "geq": "≥", "leq": "≤", "Delta": "Δ"}
_DELIMITER: Final = re.compile(r"\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
_FENCE: Final = re.compile(r"\s{0,3}(`{3,}|~{3,})")


def read_markdown(source: Source, text: str, file: str) -> None:
    """Read Markdown or Quarto."""
    source.files.append(file)
    text = _comments(source, text, file)
    lines = text.split("\n")
    front = re.match(r"---\n(.*?)\n(?:---|\.\.\.)\n", text, re.DOTALL)
    for found in re.finditer(r"[\w./-]+\.bib\b", front[1] if front else ""):
        source.bibliographies.append(found[0])
    number = 0
    while number < len(lines):
        line = lines[number]
        fence = _FENCE.match(line)
        if fence:
            number = _after_fence(lines, number, fence[1])
            continue
        if (
            number + 1 < len(lines)
            and "|" in line
            and "|" in lines[number + 1]
            and _DELIMITER.fullmatch(lines[number + 1])
        ):
            number = _table(source, lines, number, file)
            continue
        stripped = line.lstrip()
        if not stripped:
            source.add(mark(PARAGRAPH), file, number + 1)
        elif re.match(r"#{1,6} |[-*+] |\d+[.)] |>", stripped):
            source.add(mark(PARAGRAPH), file, number + 1)
            _inline(source, re.sub(r"^(#{1,6}|[-*+]|\d+[.)]|>)\s*", "", stripped), file, number + 1)
            source.add(mark(PARAGRAPH) if stripped.startswith("#") else " ", file, number + 1)
        else:
            _inline(source, line, file, number + 1)
            source.add(" ", file, number + 1)
        number += 1


def _comments(source: Source, text: str, file: str) -> str:
    """Take comments out, keeping the lines."""

    def taken(found: re.Match[str]) -> str:
        line = text.count("\n", 0, found.start()) + 1
        start = text.rfind("\n", 0, found.start()) + 1
        end = text.find("\n", found.end())
        rest = text[found.end() : end if end >= 0 else len(text)]
        alone = not text[start : found.start()].strip() and not rest.strip()
        lines = found[0].count("\n")
        said = annotation_in(found[0][4:-3])
        if said is not None:
            target = line + lines + 1 if alone else line
            source.annotations.append(Annotation(file=file, line=line, target=target, text=said))
        return "\n" * lines

    return re.sub(r"<!--.*?-->", taken, text, flags=re.DOTALL)


def _after_fence(lines: list[str], number: int, fence: str) -> int:
    for later in range(number + 1, len(lines)):
        if lines[later].strip().startswith(fence) and not lines[later].strip().strip(fence[0]):
            return later + 1
    return len(lines)


def _table(source: Source, lines: list[str], number: int, file: str) -> int:
    """A pipe table with the captions around it, as one float."""
    source.add(mark(PARAGRAPH), file, number + 1)
    source.add(mark(FLOAT), file, number + 1)
    source.add(mark(TABLE), file, number + 1)
    first = number
    while number < len(lines) and "|" in lines[number]:
        if number != first + 1:
            cells = re.split(r"(?<!\\)\|", lines[number].strip().removeprefix("|").removesuffix("|"))
            for position, cell in enumerate(cells):
                if position:
                    source.add(mark(CELL), file, number + 1)
                _inline(source, cell.strip().replace("\\|", "|"), file, number + 1)
            source.add(mark(ROW), file, number + 1)
        number += 1
    source.add(mark(END), file, number)
    caption = number
    while caption < len(lines) and not lines[caption].strip() and caption < number + 2:
        caption += 1
    head = re.match(r"\s*(?:Table)?:\s*", lines[caption]) if caption < len(lines) else None
    if head:
        number = caption
        while number < len(lines) and lines[number].strip():
            _inline(source, lines[number][head.end() :] if number == caption else lines[number], file, number + 1)
            source.add(" ", file, number + 1)
            number += 1
    source.add(mark(UNFLOAT), file, number)
    source.add(mark(PARAGRAPH), file, number)
    return number


def _inline(source: Source, text: str, file: str, line: int) -> None:
    at = 0
    for found in _MD.finditer(text):
        source.add(text[at : found.start()], file, line)
        at = found.end()
        kind = found.lastgroup
        if found["claim"] is not None:
            source.add(mark(CLAIM, found["claim"].strip()), file, line)
            _inline(source, found["span"], file, line)
            source.add(mark(DONE), file, line)
        elif found["cites"] is not None:
            keys = re.findall(r"(?<![\w.])-?@\{?(" + _KEY + r")\}?", found["cites"])
            source.add(mark(CITE, ",".join(keys)), file, line)
        elif found["target"] is not None:
            _inline(source, found["label"], file, line)
            source.add(mark(URL, found["target"]), file, line)
        elif kind in {"auto", "bare"}:
            source.add(mark(URL, found[kind].rstrip(".,;:")), file, line)
        elif kind == "key":
            source.add(mark(CITE, found["key"]), file, line)
        elif kind == "tex":
            source.add(mark(CITE, ",".join(key.strip() for key in found["tex"].split(","))), file, line)
        elif kind == "escaped":
            source.add(found["escaped"], file, line)
        elif kind == "command":
            source.add(_COMMANDS.get(found["command"], " "), file, line)
    source.add(text[at:], file, line)


# Typst ---------------------------------------------------------------------------------------------------------------

_TYP: Final = re.compile(
    r"#link\(\s*\"(?P<link>[^\"]*)\"\s*\)"
    r"|#cite\(\s*<(?P<cite>[^<>]+)>[^)]*\)"
    r"|#proofpress\(\s*\"(?P<claim>[^\"]*)\"\s*\)\[(?P<span>[^\[\]]*)\]"
    r"|#proofpress-release\(\s*\"(?P<release>[^\"]*)\"\s*\)"
    r"|(?<![\w.])@(?P<key>[A-Za-z0-9_][\w:.\-]*[\w]|\w)"
    r"|(?P<bare>https?://[^\s<>)\]\"]+)"
    r"|#(?P<name>[A-Za-z][\w-]*)"
    r"|<[A-Za-z][\w:.-]*>"
    r"|\\(?P<escaped>[^A-Za-z0-9\s])"
    r"|(?P<emphasis>\*+|`+|\$|\[|\]|(?<!\w)_+(?=\w)|(?<=\w)_+(?!\w))"
)
_LET: Final = re.compile(r"\s*#let\s+([A-Za-z][\w-]*)\s*=\s*(?:\"([^\"]*)\"|\[([^\[\]]*)\]|(-?[\d.]+))\s*")


def read_typst(source: Source, text: str, file: str) -> None:
    """Read Typst."""
    source.files.append(file)
    text = re.sub(r"/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL)
    lets: dict[str, str] = {}
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        line, said = _typst_comment(lines[number])
        at = number + 1
        if said is not None:
            target = at if line.strip() else at + 1
            source.annotations.append(Annotation(file=file, line=at, target=target, text=said))
        if line.lstrip().startswith("```"):
            number = _after_fence(lines, number, "```")
            continue
        let = _LET.fullmatch(line)
        bibliography = re.search(r"#bibliography\(\s*\"([^\"]+)\"", line)
        if bibliography:
            source.bibliographies.append(bibliography[1])
        elif let:
            lets[let[1]] = next(value for value in let.groups()[1:] if value is not None)
            source.add(mark(PARAGRAPH), file, at)
            source.add(mark(QUIET, let[1]), file, at)
            source.add(lets[let[1]], file, at)
            source.add(mark(PARAGRAPH), file, at)
        elif re.search(r"#figure\(|#?\btable\(", line):
            number = _typst_table(source, lines, number, file, lets)
            continue
        elif line.lstrip().startswith(("#set ", "#show ", "#import ", "#include ")):
            source.add(mark(PARAGRAPH), file, at)
        elif line.strip():
            if re.match(r"\s*(=+|[-+]|\d+\.)\s", line):
                source.add(mark(PARAGRAPH), file, at)
            _typst_inline(source, re.sub(r"^\s*(=+|[-+]|\d+\.)\s+", "", line), file, at, lets)
            source.add(mark(PARAGRAPH) if line.startswith("=") else " ", file, at)
        elif said is None:
            source.add(mark(PARAGRAPH), file, at)
        number += 1


def _typst_comment(line: str) -> tuple[str, str | None]:
    found = re.search(r"(?<![:/\w])//(.*)", line)
    if not found:
        return line, None
    return line[: found.start()], annotation_in(found[1])


def _typst_table(source: Source, lines: list[str], number: int, file: str, lets: dict[str, str]) -> int:
    """A call of `table`, its cells told off by the number of columns, with the rest of its figure."""
    start, depth, end = number, 0, number
    for end in range(number, len(lines)):
        bare, said = _typst_comment(lines[end])
        if said is not None and end > number:
            target = end + 1 if bare.strip() else end + 2
            source.annotations.append(Annotation(file=file, line=end + 1, target=target, text=said))
        depth += len(re.findall(r"[(\[]", bare)) - len(re.findall(r"[)\]]", bare))
        if depth <= 0:
            break
    columns, cells, caption = 0, [], []
    for at in range(start, end + 1):
        line = _typst_comment(lines[at])[0]
        if found := re.search(r"columns:\s*(?:(\d+)|\(([^()]*)\))", line):
            columns = int(found[1]) if found[1] else len([part for part in found[2].split(",") if part.strip()])
        if found := re.search(r"caption:\s*\[(.*)\]", line):
            caption.append((found[1], at + 1))
            continue
        cells += [(body, at + 1) for body in re.findall(r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]", line)]
    source.add(mark(PARAGRAPH), file, start + 1)
    source.add(mark(FLOAT), file, start + 1)
    source.add(mark(TABLE), file, start + 1)
    for position, (body, at) in enumerate(cells, 1):
        _typst_inline(source, body, file, at, lets)
        source.add(mark(ROW if columns and position % columns == 0 else CELL), file, at)
    source.add(mark(END), file, end + 1)
    for body, at in caption:
        _typst_inline(source, body, file, at, lets)
    source.add(mark(UNFLOAT), file, end + 1)
    source.add(mark(PARAGRAPH), file, end + 1)
    return end + 1


def _typst_inline(source: Source, text: str, file: str, line: int, lets: dict[str, str]) -> None:
    at = 0
    for found in _TYP.finditer(text):
        source.add(text[at : found.start()], file, line)
        at = found.end()
        kind = found.lastgroup
        if found["claim"] is not None:
            source.add(mark(CLAIM, found["claim"].strip()), file, line)
            _typst_inline(source, found["span"], file, line, lets)
            source.add(mark(DONE), file, line)
        elif kind in {"link", "bare"}:
            source.add(mark(URL, found[kind].rstrip(".,;:")), file, line)
        elif kind in {"cite", "key"}:
            source.add(mark(CITE, found[kind]), file, line)
        elif kind == "release":
            source.add(f" {found['release']} ", file, line)
        elif kind == "escaped":
            source.add(found["escaped"], file, line)
        elif kind == "name" and found["name"] in lets:
            source.add(lets[found["name"]], file, line)
    source.add(text[at:], file, line)
