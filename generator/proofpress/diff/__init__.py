"""Two releases → typed changes, and their reports."""

from proofpress.diff.change import (
    CHANGE_CODES,
    Change,
    Comparison,
    DocumentDetail,
    FileDetail,
    SectionLines,
    Side,
)
from proofpress.diff.compare import diff
from proofpress.diff.report import json_report, markdown_report, text_report
from proofpress.diff.schema import report_schema

__all__ = [
    "CHANGE_CODES",
    "Change",
    "Comparison",
    "DocumentDetail",
    "FileDetail",
    "SectionLines",
    "Side",
    "diff",
    "json_report",
    "markdown_report",
    "report_schema",
    "text_report",
]
