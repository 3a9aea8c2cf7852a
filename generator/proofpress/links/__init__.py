"""The links of a finished site: every one leads somewhere, and no published address dies. Reads a folder, no source."""

from proofpress.links.check import SiteCheck, check_site
from proofpress.links.rules import LINK_RULES

__all__ = ["LINK_RULES", "SiteCheck", "check_site"]
