"""The last steps on the theme's HTML: what no partial or style sheet can mend, and the content policy.

`finish` is applied once to every hand-written page and to every frame, never to an evidence page.
"""

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from proofpress.errors import BuildError

_ALIGN: Final = re.compile(r'<(t[hd])((?: [a-z-]+="[^"]*")*) style="text-align: (left|right|center);?"')
_SCRIPT: Final = re.compile(r"<script([^>]*)>(.*?)</script>", re.DOTALL | re.IGNORECASE)
_TYPE: Final = re.compile(r"""\btype\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
_EXECUTABLE: Final = frozenset({"module", "text/javascript", "application/javascript"})
_CHARSET: Final = '<meta charset="utf-8">'

POLICY: Final = (
    "default-src 'none'; script-src 'self'{hashes}; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'"
)


def finish(html: str) -> str:
    """A page of the theme made valid, accessible and closed to foreign content. May raise BuildError."""
    for step in STEPS:
        html = step(html)
    return html


def _checkbox_autocomplete(html: str) -> str:
    """Nu: `autocomplete` is not an attribute of a checkbox (base.html, drawer and search toggles)."""
    return re.sub(r'(<input class="md-toggle"[^>]* type="checkbox"[^>]*?) autocomplete="off"', r"\1", html)


def _search_dialog_name(html: str) -> str:
    """axe aria-dialog-name: the search dialog takes its name from its own input's label."""

    def named(match: re.Match[str]) -> str:
        label = re.search(r'class="md-search__input"[^>]* aria-label="([^"]*)"', html)
        name = label.group(1) if label else "Search"
        return f'{match.group(0)} aria-label="{name}"'

    return re.sub(r'<div class="md-search" data-md-component="search" role="dialog"', named, html)


def _alignment(html: str) -> str:
    """Style attributes of Markdown tables become classes: the content policy allows no inline style."""
    return _ALIGN.sub(r'<\1\2 class="pp-align-\3"', html)


def _content_security_policy(html: str) -> str:
    """A policy that names each inline script by its hash; data blocks (JSON, JSON-LD) are not scripts."""
    if html.count(_CHARSET) != 1:
        raise BuildError(
            f"a page of the theme lacks the one {_CHARSET} that the content security policy follows",
            hint="keep the theme's block 'site_meta', or its first line, in your overrides",
        )
    hashes = sorted({_source(body) for attributes, body in _SCRIPT.findall(html) if _runs_inline(attributes)})
    policy = POLICY.format(hashes="".join(f" '{source}'" for source in hashes))
    meta = f'{_CHARSET}\n<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return html.replace(_CHARSET, meta)


def _runs_inline(attributes: str) -> bool:
    if re.search(r"\bsrc\s*=", attributes, re.IGNORECASE):
        return False
    kind = _TYPE.search(attributes)
    return kind is None or kind.group(1).lower() in _EXECUTABLE


def _source(body: str) -> str:
    return f"sha256-{b64encode(sha256(body.encode()).digest()).decode()}"


STEPS: Final[tuple[Callable[[str], str], ...]] = (
    _checkbox_autocomplete,
    _search_dialog_name,
    _alignment,
    _content_security_policy,
)
