"""The strip of verdicts on a release's overview."""

from proofpress.site.signoff_page import ReleaseSignoff
from proofpress.site.standing import Place
from proofpress.verify import VerifiedPack


def strip(pack: VerifiedPack, place: Place, rules_passed: int, signoff: ReleaseSignoff) -> list[dict[str, str]]:
    """What was verified, what the registry says and who signed, each in a word with a note."""
    manifest, release = pack.evidence.manifest, pack.evidence.release
    warnings = sum(item.severity == "warning" for item in pack.remarks)
    noted = f", {warnings} warning{'s' if warnings > 1 else ''}" if warnings else ""
    rules = f"{rules_passed} rules, profile {manifest.profile}{noted}"
    support = f"support to {release.support.until}" if release.support else "no end of support stated"
    return [
        {"name": "Evidence", "tone": "warn" if warnings else "ok", "text": "Verified", "note": rules},
        {"name": "Documents", "tone": "ok", "text": "Fresh", "note": f"template set {manifest.template_set.name}"},
        {"name": "Sign-off", **signoff.badge()},
        {"name": "Status", **place.badge(), "note": place.status_note()},
        {"name": "Released", "tone": "", "text": release.released_at[:10], "note": support},
    ]
