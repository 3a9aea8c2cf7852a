"""Phrases that fill a field and say nothing: 'none', 'n/a', 'there were no known limitations here'."""

import re
from typing import Final

_EMPTY_PHRASES: Final = frozenset(
    (
        *("none", "n/a", "na", "nil", "nothing", "no", "unknown", "-", "–", "—", "none known", "none found"),
        *("not applicable", "no negative findings", "no limitations", "none identified", "no known limitations"),
    )
)
_DENIALS: Final = frozenset(("no", "none", "not", "nothing", "nil", "never", "without", "unknown", "na", "zero"))
_FILLERS: Final = frozenset(
    re.findall(
        r"\w+",
        """
    a all an any apply applies applicable appear are as at available aware be been being boundaries boundary
    caveat caveats change changes changed claim claims comment comments currently declare declared description
    encountered exist existing exists far finding findings for found further given had has have here i
    identified in is issue issues it its known limit limitation limitations limits major mention moment more
    negative negatives new note noted notable noteworthy now observed of on other our particular present problem
    problems provided reason relevant remark remarks report reported result results see seen significant so
    special specific specified stated tell that the their there they this time to us was we weakness weaknesses
    were worth yet
    """,
    )
)
_WORD: Final = re.compile(r"[^\W_]+")
_LATER: Final = re.compile(
    r"(?:to be|will be|yet to be|still to be) \w+(?: (?:in|out|later|soon|here|on))*|(?:to|will) follow"
    r"|pending|tbc|later|wip|work in progress"
)


def says_nothing(text: str) -> bool:
    """Whether a text is one of the empty phrases of rule book 1, such as 'none' or 'n/a'."""
    return text.strip().lower().rstrip(".!") in _EMPTY_PHRASES


def tells_nothing(text: str) -> bool:
    """Whether a text denies without saying what of, promises to be written later, or holds no word at all.

    A denial is empty when all its words are fillers: 'There were none.', but not 'Nothing was tried on rotated images.'
    """
    words = _WORD.findall(text.lower().replace("n/a", "na"))
    if not any(char.isalpha() for char in text) or says_nothing(text) or _LATER.fullmatch(" ".join(words)):
        return True
    filled = all(word in _DENIALS or word in _FILLERS for word in words)
    return filled and not _DENIALS.isdisjoint(words)
