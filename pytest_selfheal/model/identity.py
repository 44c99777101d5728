"""Stable identities: the same thing seen twice gets the same id, in every process.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import hashlib


def stable_id(*parts: str) -> str:
    """Return 32 hexadecimal digits that depend on the parts and their order alone."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
