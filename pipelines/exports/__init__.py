"""Exports: files for payroll, finance and whoever else wants figures outside, each with its proof beside it.

An export reads marts and `ops`, never the lake. It is written only when every day it needs is complete and
what it adds up to is what the sources told; a manifest says by which receipts. The same data gives the same
bytes. What the figures mean is decided in `warehouse/marts`, what a call costs in the rate table.
"""
