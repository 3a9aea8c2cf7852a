"""ACT: evidence does nothing when it is opened: no file that a browser would run."""

import re
from collections.abc import Iterator

from proofpress.evidence.finding import Finding
from proofpress.verify.rule import Case, rule, trouble

_ACTIVE = (
    *(".html", ".htm", ".xhtml", ".xht", ".shtml", ".hta", ".htc", ".mht", ".mhtml", ".svg", ".svgz", ".xml", ".xsl"),
    *(".xslt", ".js", ".mjs", ".cjs", ".css", ".wasm", ".swf", ".jar", ".webarchive", ".url"),
)
_PLAIN = (".json", ".jsonl", ".yaml", ".yml", ".md", ".txt", ".csv", ".tsv", ".toml", ".lock", ".log", ".py")
_MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|script|svg|iframe|\?xml)\b",
    re.IGNORECASE | re.DOTALL,
)


@rule("ACT001", "Evidence is inert", always_refuses=True)
def inert(case: Case) -> Iterator[Finding]:
    """A file of the pack is one that a browser runs or renders as a page of the site: HTML, SVG, XML, JavaScript, CSS.

    Evidence is published beside the site's own pages. A file that runs there could rewrite what readers see. The
    name counts, and for files without a plain name so does how the content begins. Give such a file a name that
    ends in `.txt`, or list it as an external artifact.
    """
    for path, file in case.raw.files.items():
        name = path.lower()
        begins = not name.endswith(_PLAIN) and file.data is not None and _MARKUP.match(file.data[:4096])
        if name.endswith(_ACTIVE) or begins:
            yield trouble(
                path,
                "",
                "a browser would run this file as a page of the site",
                expected="data that a browser only shows or saves",
                found="markup or a script" if begins else name[name.rfind(".") :],
                hint="rename it so that it ends in .txt, or list it as an external artifact",
            )


RULES = (inert,)
