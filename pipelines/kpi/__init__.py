"""The customer card that the contact centre sees: bodies rendered at build, served as stored bytes.

`schema` says what a card is on the wire, `card_file` is the file that builder and service share, `desk`
answers one request, `serving` keeps the answers coming. The room reads frames and files; it knows no DuckDB.
"""
