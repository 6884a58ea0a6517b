"""Kept bodies: what the sources answered, compressed, for a settable time. Deriving from them is replay/."""
