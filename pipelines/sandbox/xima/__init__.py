"""Xima's stand-in: historic data of an invented contact centre, as the vendor documents it.

What every system needs (faults on order, the log of calls, broken connections) stands one room up.
"""
