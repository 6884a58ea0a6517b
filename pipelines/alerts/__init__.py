"""Alerts: what is wrong, told once when it begins and once when it is over; the digest of the morning.

`watch.py` looks and sends; `incidents.py` decides what is told; the other modules find, word and carry it.
Nothing here mends anything.
"""
