"""iCasework's stand-in: its hosts, tokens, reports and case calls as the vendor's server was seen to answer.

What every system needs (faults on order, the log of calls, broken connections) stands one room up.
"""
