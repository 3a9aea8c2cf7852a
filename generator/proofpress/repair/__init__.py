"""How a pack that disagrees is brought back to what was recorded: planned, applied to a copy, verified again."""
