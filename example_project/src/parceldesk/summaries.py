"""Notices to customers, worded by a language model that runs in the shop's own network."""

from __future__ import annotations

import json
from urllib.request import Request
from urllib.request import urlopen

from parceldesk.tracking import Position

INSTRUCTION = "Write one friendly sentence to the customer. Name the parcel number and the place."


class NoticeWriter:
    """Client of a chat completion service."""

    def __init__(self, base_url: str, model: str = "desk-small", timeout_s: float = 5.0) -> None:
        self._url = f"{base_url}/v1/chat/completions"
        self._model = model
        self._timeout_s = timeout_s

    def delay_notice(self, position: Position, reason: str) -> str:
        """Return a sentence that tells the customer about a delay."""
        facts = {"number": position.number, "place": position.place, "reason": reason}
        messages = [{"role": "system", "content": INSTRUCTION}, {"role": "user", "content": json.dumps(facts)}]
        body = json.dumps({"model": self._model, "temperature": 0, "messages": messages}).encode()
        request = Request(self._url, data=body, headers={"Content-Type": "application/json"})
        with urlopen(request, timeout=self._timeout_s) as response:
            answer = json.load(response)
        return answer["choices"][0]["message"]["content"]
