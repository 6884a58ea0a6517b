"""Xima CCaaS: reports run by key, their bodies, and what its statuses mean."""
