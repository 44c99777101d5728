"""Asks the carrier where a parcel is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPConnection


@dataclass(frozen=True)
class Position:
    """The last scan of a parcel."""

    number: str
    status: str
    place: str


class Carrier:
    """Client of the carrier's HTTP service."""

    def __init__(self, host: str, port: int, timeout_s: float = 5.0) -> None:
        self._host = host
        self._port = port
        self._timeout_s = timeout_s

    def locate(self, number: str) -> Position | None:
        """Return the last scan, or None when the carrier does not know the number."""
        connection = HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        try:
            connection.request("GET", f"/parcels/{number}")
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status == 404:
            return None
        scan = json.loads(body)
        return Position(number, scan["status"], scan["place"])
