"""PRV: nothing private gets published: paths of machines, tokens, addresses."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from proofpress.evidence.finding import Finding
from proofpress.verify.rule import Case, rule, trouble
from proofpress.verify.textscan import Line

_PLACES = (
    "home|Users|root|export/home|tmp|var|private|mnt|media|srv|opt|scratch|workspaces?|work|builds"
    "|gpfs|lustre|cluster|kaggle|content/drive|github/workspace|__w"
)
PRIVATE_PATH = re.compile(
    rf"(?<![\w./-])/(?:{_PLACES})/[^\s\"'<>|`]+"
    rf"|(?<![\w./:-])//+(?:{_PLACES})/[^\s\"'<>|`]+"
    rf"|%2[Ff](?:{_PLACES})%2[Ff][^\s\"'<>|`]+"
    r"|(?<![\w./-])/data/[^\s\"'<>|`/]+/[^\s\"'<>|`]+"
    r"|(?<![A-Za-z])[A-Za-z]:\\+[\w.@ -]+"
    r"|(?<![\w.-])[A-Za-z]:/[\w.@-][\w.@ -]*/"
    r"|(?<![\w\\])(?:\\\\[A-Za-z][\w.-]+\\(?![\\bfnrtu])|\\{4}[A-Za-z][\w.-]+\\\\(?!\\))[\w.$-]{2,}"
    r"|(?<![\w.~/])~[\w-]*/[\w.@-]+"
    r"|file:///?[\w.@/-]+"
)
"""An absolute path of a private place: home, temporary, work and mounted folders, clusters and notebooks, drives,
network shares (also as JSON writes them), file addresses."""
_TOKENS = re.compile(
    r"\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[\w-]{20,}|\bhf_[A-Za-z0-9]{20,}"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bsk-[A-Za-z0-9_-]{20,}|\bxox[abprs]-[\w-]{10,}|\bAIza[\w-]{35}"
    r"|\bnpm_[A-Za-z0-9]{36}|\bpypi-AgEI[\w-]{20,}|\beyJ[\w-]{10,400}\.eyJ[\w-]{10,}\.[\w-]{5,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----|(?<![a-z0-9+])[a-z][a-z0-9+]{0,15}://[^\s/:@\"']+:[^\s/@\"']+@"
    r"|\b[Bb]earer +(?=[^\s\d]{0,200}\d)[\w.~+/-]{16,}"
    r"|\b(?:AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|aws_secret_access_key|aws_session_token)[\\\"']{0,4}\s{0,9}[=:]"
    r"\s{0,9}[\\\"']{0,4}[\w/+=]{16,}"
)
_EMAIL = re.compile(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z]{2,}\b")
_HOSTS = re.compile(
    r"(?<![\d.])(?:10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}"
    r"|127(?:\.\d{1,3}){3}|169\.254(?:\.\d{1,3}){2})(?![\d.])"
    r"|(?<![a-z0-9-])(?<![a-z0-9-]\.)(?:[a-z0-9-]+\.)+(?:local|internal|corp|lan|intranet|localdomain)\b|\blocalhost(?::\d+)?\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=16384)
def private_in(text: str) -> str:
    """What kind of private thing a text holds, empty when none: for programs that must not copy it."""
    found = ((PRIVATE_PATH, "a private path"), (_TOKENS, "a token"), (_EMAIL, "an e-mail"), (_HOSTS, "a private host"))
    return next((what for pattern, what in found if pattern.search(text)), "")


def _matches(case: Case, pattern: re.Pattern[str], lines: Iterable[Line]) -> Iterator[tuple[str, int, str]]:
    """(path, line number, matched text) in lines worth a look; the allowed texts left out."""
    allowed = set(case.policy.privacy.allow)
    for path, number, line in lines:
        for match in pattern.finditer(line):
            if match[0] not in allowed:
                yield path, number, match[0]


def _found(path: str, line: int, what: str, shown: str, hint: str) -> Finding:
    return trouble(
        path,
        f"line {line}",
        f"{what}: {shown}",
        expected="nothing private, or a text that the policy allows (privacy.allow)",
        found=shown,
        hint=hint,
    )


@rule("PRV001", "No private absolute path", always_refuses=True)
def paths(case: Case) -> Iterator[Finding]:
    """A file holds an absolute path of somebody's machine: a home folder, a temporary or scratch folder.

    Such paths tell names and layouts that nobody needs, and no reader can follow them. Record paths relative
    to the pack.
    """
    for path, line, text in _matches(case, PRIVATE_PATH, case.text.lines("path")):
        yield _found(path, line, "a private path", text, "record the path relative to the pack")


@rule("PRV002", "No token or key", always_refuses=True)
def secrets(case: Case) -> Iterator[Finding]:
    """A file holds something in the form of an access token, private key or password in an address.

    Revoke it first, then remove it from the run that recorded it.
    """
    for path, line, text in _matches(case, _TOKENS, case.text.lines("token")):
        shown = text[:6] + "…" if not text.startswith("-----") else text
        yield _found(path, line, "a secret", shown, "revoke the secret, then record the run without it")


@rule("PRV003", "No e-mail address", always_refuses=True)
def emails(case: Case) -> Iterator[Finding]:
    """A file holds an e-mail address that the policy does not allow."""
    for path, line, text in _matches(case, _EMAIL, case.text.lines("address")):
        yield _found(path, line, "an e-mail address", text, "remove it, or allow it in packs/policy.yaml")


@rule("PRV004", "No private host or address", always_refuses=True)
def hosts(case: Case) -> Iterator[Finding]:
    """A file holds the name or address of a machine that the public can't reach."""
    for path, line, text in _matches(case, _HOSTS, case.text.lines("host")):
        yield _found(path, line, "a private host or address", text, "remove it from what the run records")


RULES = (paths, secrets, emails, hosts)
