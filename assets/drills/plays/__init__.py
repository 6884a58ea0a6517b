"""The plays: one module a drill, each with its `DRILL`.

A play stages a failure, acts as the product's users would, and notes what it saw; what makes it green is
decided in score.py.
"""
