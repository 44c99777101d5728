"""What the parts of the live page know of each other.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import hmac
import ipaddress
import os
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_selfheal.config import Policy
    from pytest_selfheal.store.protocol import Store


def _random() -> str:
    return os.urandom(32).hex()


@dataclass(frozen=True)
class Site:
    """One served project.

    Attributes:
        root: the project's folder.
        policy: its settings.
        open_store: gives a store to read from.
        host: the address that is listened on.
        port: the port.
        token: what a visitor must show; empty when none is needed.
        names: host names that a request may be addressed to, besides those of this machine.
        session: the value of the cookie of a visitor who was let in.
        form_key: what every form carries; another site cannot read it.
    """

    root: Path
    policy: Policy
    open_store: Callable[[], Store]
    host: str
    port: int
    token: str = ""
    names: frozenset[str] = frozenset()
    session: str = field(default_factory=_random)
    form_key: str = field(default_factory=_random)

    @property
    def cookie(self) -> str:
        """The cookie's name; with the port, because ports of one host share their cookies."""
        return f"selfheal_{self.port}"

    @property
    def store_path(self) -> Path:
        """The store's folder."""
        return self.root / self.policy.store

    def answers_to(self, host: str) -> bool:
        """Return whether a request with this `Host` is meant for us.

        A page of a stranger may let its own name point to this machine and so read what is served here (DNS rebinding).
        Names are therefore refused unless they are known; addresses cannot be rebound.
        """
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        name = name.strip("[]").rstrip(".").lower()
        if name == "localhost" or name in self.names:
            return True
        address = _address(name)
        return address is not None and (address.is_loopback or not is_loopback(self.host))


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach what listens on `host`."""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def same(given: str, wanted: str) -> bool:
    """Return whether two secrets are equal, in a time that tells nothing."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
