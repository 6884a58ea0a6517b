"""Replay: deriving days again from kept bodies, without a call to anybody, and telling what would change."""
