"""The checks, one module a subject. `verify.book` lists them all, in the order in which they run."""
