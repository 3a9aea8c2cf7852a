"""Whether two texts name the same licence: `MIT` and `mit license` do, `GPL-3.0-only` and `GPL-3.0-or-later` do not."""

import re
from typing import Final

_OPERATOR: Final = re.compile(r"\s+(and|or|with)\s+|([()])", re.IGNORECASE)
_NOISE: Final = re.compile(r"\b(the|licen[cs]es?|version|public domain dedication|international|unported)\b|[\s,_/-]+")
_VERSION: Final = re.compile(r"v(?=\d)|(?<=\d)(\.0)+(?=\D|$)")
_ALIASES: Final = {
    "apache": "apache2",
    "apachesoftware2": "apache2",
    "asl2": "apache2",
    "expat": "mit",
    "newbsd": "bsd3clause",
    "modifiedbsd": "bsd3clause",
    "simplifiedbsd": "bsd2clause",
    "gnugpl": "gpl",
    "gnugeneralpublic": "gpl",
    "gnulgpl": "lgpl",
    "gnulessergeneralpublic": "lgpl",
    "gnuagpl": "agpl",
    "gnuafferogeneralpublic": "agpl",
    "creativecommonsattribution": "ccby",
    "creativecommonszero": "cc0",
    "mozillapublic": "mpl",
}
"""Other names of the stems of licences, after folding. A stem without version keeps none."""
_NAME: Final = re.compile(r"([a-z]+(?:0(?=\d))?)(.*)", re.DOTALL)
_GNU: Final = re.compile(r"((?:a|l)?gpl[\d.]+)(\+|orlater|only)?")


def same_licence(old: str, new: str) -> bool:
    """Whether two licence texts or SPDX expressions differ in nothing but their spelling."""
    return _canonical(old) == _canonical(new)


def _canonical(text: str) -> tuple[str, ...]:
    parts = [part for part in _OPERATOR.split(text.strip()) if part and part.strip()]
    words = tuple(part.lower() if part.lower() in {"and", "or", "with", "(", ")"} else _name(part) for part in parts)
    operators = {word for word in words if word in {"and", "or", "with", "(", ")"}}
    if operators in ({"and"}, {"or"}):
        return (*operators, *sorted(set(words) - operators))
    return words


def _name(text: str) -> str:
    """One licence in lower case, without filler words, separators and the zeros that end a version."""
    folded = _VERSION.sub("", _NOISE.sub("", text.lower()))
    if folded in _ALIASES:
        return _ALIASES[folded]
    match = _NAME.fullmatch(folded)
    if match and match[1] in _ALIASES:
        folded = _ALIASES[match[1]] + match[2]
    if gnu := _GNU.fullmatch(folded):  # SPDX: `GPL-3.0` is an old name of `GPL-3.0-only`
        return gnu[1] + ("orlater" if gnu[2] in {"+", "orlater"} else "only")
    return folded
