"""Packages of GenoLeWM, the first project: what they guarantee, and the way from them into a pack.

`files` reads a folder of theirs, `documents` types their JSON, `package` puts the parts together, `layouts` are the
Markdown files that they derive from it, the other modules hold the guarantees by part; `book` runs them all and
`convert` makes the pack.
"""
