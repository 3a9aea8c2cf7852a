"""Who says that a release may be used: checklist, signed statements beside the pack, and whether they suffice."""
