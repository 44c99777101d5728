"""`[tool.selfheal.ai]`: which model may be asked about failures that nothing else could repair, and how much.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field

from pytest_selfheal.model.value import Value

PROVIDERS = ("off", "openai", "anthropic", "hook")

_KEY_VARIABLES = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_WEB = re.compile(r"https?://[^/@\s]+(?:/[^@\s]*)?\Z")


@dataclass(frozen=True)
class AiBudget(Value):
    """`[tool.selfheal.ai.budget]`: what one run may spend; whatever is used up first ends the asking.

    Attributes:
        calls: requests, repeated ones included.
        time_s: seconds from the first request on, waits included.
        tokens: tokens sent and received.
    """

    calls: int = 5
    time_s: float = 60.0
    tokens: int = 100_000


@dataclass(frozen=True)
class AiSettings(Value):
    """`[tool.selfheal.ai]`. Off unless a provider is named.

    Attributes:
        provider: `off`, `openai` (any server that speaks its protocol), `anthropic`, or `hook` (`pytest_selfheal_ai`).
        model: the model's name, as the service knows it.
        base_url: address of the service; empty for the client's own.
        api_key_env: environment variable that holds the key; empty for the provider's usual one, and for none when
            `base_url` is set.
        timeout_s: limit of one request, seconds.
        context_tokens: tokens of source, error and history that one question may hold.
        answer_tokens: tokens that one answer may have.
        input_price: what a million tokens sent costs, in the currency of your bill; 0 reports no cost.
        output_price: the same for a million tokens received.
        budget: what one run may spend.
    """

    provider: str = "off"
    model: str = ""
    base_url: str = ""
    api_key_env: str = ""
    timeout_s: float = 30.0
    context_tokens: int = 6000
    answer_tokens: int = 2000
    input_price: float = 0.0
    output_price: float = 0.0
    budget: AiBudget = field(default_factory=AiBudget)

    @property
    def key_variable(self) -> str:
        """Name of the environment variable with the key; empty when none is sent.

        The usual one is for the provider's own address: another server has no business with that key.
        """
        return self.api_key_env or ("" if self.base_url else _KEY_VARIABLES.get(self.provider, ""))

    @property
    def service(self) -> str:
        """What the reports call the service: provider and model."""
        return f"{self.provider} {self.model}".strip()


def ai_problems(settings: AiSettings) -> list[str]:
    """Return what is wrong with settings whose types fit; a value that could be a key is never repeated."""
    found = []
    if settings.api_key_env and not _VARIABLE.match(settings.api_key_env):
        found.append("ai.api_key_env must be the name of an environment variable, not the key itself")
    if settings.base_url and not _WEB.match(settings.base_url):
        found.append("ai.base_url must begin with https:// or http:// and hold no user name or password")
    if settings.provider in _KEY_VARIABLES and not settings.model:
        found.append(f"ai.model is missing: name the model that {settings.provider} is to be asked for")
    if not settings.timeout_s > 0:
        found.append(f"ai.timeout_s = {settings.timeout_s!r} must be more than 0")
    return found
