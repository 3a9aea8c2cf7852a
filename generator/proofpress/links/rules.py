"""The rules of a finished site's links, for the rule book: id, title, severity, explanation."""

from typing import Final

from proofpress.verify.rule import Rule


def _error(rule: str, title: str, explanation: str) -> Rule:
    return Rule(id=rule, title=title, severity="error", book=2, explanation=explanation)


LINK_RULES: Final[tuple[Rule, ...]] = (
    _error(
        "LNK001",
        "Every internal link leads to a file",
        "A page, a feed, the sitemap or a list of versions names an address of the site at which nothing is: a link,\n"
        "an image, a script or a redirect. Readers would meet an error page.\n\n"
        "Mend it in the page that holds the link. In generated pages it is a bug of Proofpress; report it.",
    ),
    _error(
        "LNK002",
        "Every fragment of an internal link is an id of its page",
        "The page that a link leads to has no element with the id after `#`, so the reader lands at its top and not\n"
        "at the metric or section that was meant.\n\nMend it by naming an id that the page has.",
    ),
    _error(
        "LNK003",
        "Every address that was published still answers",
        "An earlier site had a file at this address, and the new one has neither that file nor a redirect, and no\n"
        "page above it says that it was withdrawn. Whoever cited the address would find nothing. Files of the theme\n"
        "whose names hold a digest of their content are left out: only pages of their own time ask for them.\n\n"
        "Mend it by restoring what was removed, or list the page in `packs/withdrawn.yaml` with the reason.",
    ),
    _error(
        "LNK004",
        "Anchors of a release's pages stay",
        "A page of a release had an element with this id in an earlier site, and has it no more. A metric or a\n"
        "section was cited by it. Ids that begin with `pp-` or `__` are the page's machinery and are left out.\n\n"
        "Mend it by giving the section its id again.",
    ),
)
