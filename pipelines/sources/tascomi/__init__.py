"""Tascomi / Idox Cloud over REST: signed calls that read and write records. Wire protocol only."""
