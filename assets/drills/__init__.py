"""Drills: named failures, played with everything real in a sandbox of their own, and scored.

Each stands in `plays/`, one a module. They drive the product from outside, by its commands and processes, as
`casehouse demo` does, which is why they live beside that. What went wrong is never taken from the product's
word alone: rows are counted against what the sandbox says it holds.
"""
