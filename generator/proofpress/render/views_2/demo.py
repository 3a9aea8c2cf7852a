"""The transcript of set 2: with what was checked before the run, and a receipt for each row."""

from proofpress.evidence.demo import BatchReceipts
from proofpress.evidence.pack import KINDS
from proofpress.evidence.preflight import RuntimePreflight
from proofpress.render import views_1
from proofpress.render.printed import Row, fields, src
from proofpress.render.sourced import Sourced
from proofpress.render.views_2.training import checks

_PATHS = {kind.name: kind.path for kind in KINDS}
_PREFLIGHT, _RECEIPTS = _PATHS["demo_preflight"], _PATHS["receipts"]


def transcript(views: views_1.Views) -> Row:
    """The captured demo run, what it ran on, and what it does not show."""
    preflight, receipts = views.evidence.demo_preflight, views.evidence.receipts
    return views_1.transcript(views) | {
        "preflight": _preflight(preflight) if preflight else {},
        "receipts": _receipts(receipts) if receipts else {},
    }


def _preflight(report: RuntimePreflight) -> Row:
    return fields(_PREFLIGHT, report, ("checked_at",)) | {
        "verdict": Sourced("passed" if report.ok else "failed", f"{_PREFLIGHT}#/ok"),
        "manifest_sha256": src(_PREFLIGHT, "/model_manifest/sha256", report.model_manifest.sha256),
        "python": src(_PREFLIGHT, "/machine/python", report.machine.python),
        "system": src(_PREFLIGHT, "/machine/system", report.machine.system),
        "architecture": src(_PREFLIGHT, "/machine/machine", report.machine.machine),
        "memory_bytes": src(_PREFLIGHT, "/machine/memory_bytes", report.machine.memory_bytes),
        "checks": checks(_PREFLIGHT, report.checks),
    }


def _receipts(report: BatchReceipts) -> Row:
    return fields(_RECEIPTS, report, ("input", "output", "n")) | {
        "path": src(_RECEIPTS, "/receipts/path", report.receipts.path),
        "sha256": src(_RECEIPTS, "/receipts/sha256", report.receipts.sha256),
        "size": src(_RECEIPTS, "/receipts/size", report.receipts.size),
    }
