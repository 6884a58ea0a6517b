"""Tascomi's stand-in: service requests, contacts and the tables they point at, as published clients use them.

What every system needs (faults on order, the log of calls, broken connections) stands one room up.
"""
