"""Cases that become service requests in Tascomi, once each, and what of it is told back to the case.

Templates say what is sent (templates.py, mapping.py, payload.py), the ledger says what was tried and what
came of it (ledger.py), the dispatcher goes from the one to the other: check, send, mark (dispatch.py).
Which cases are due is decided by `warehouse/marts/outbound_due.sql`; how the two systems are spoken to by
`pipelines/sources`. No personal value leaves this room but in a request to either system.
"""
