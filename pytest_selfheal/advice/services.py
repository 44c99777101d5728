"""The services that can be asked, through their own clients.

The clients are imported when the first question is asked, and never repeat a request themselves: our guard does.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import Any

from pytest_selfheal.errors import UsageError
from pytest_selfheal.model import Prompt
from pytest_selfheal.model import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_selfheal.ai_settings import AiSettings

Ask = Callable[[Prompt], Reply]
"""Send one question and return the reply; raises whatever the client raises."""

_NO_KEY = "none"
"""What servers on one's own machine get that want no key; the client insists on one."""


class Service:
    """One service; called with a question it returns the reply, or raises whatever the client raises.

    Args:
        settings: provider, model and address.
        environ: where the key is; read at once.

    Raises:
        UsageError: the key is missing, or the provider is none of ours.
    """

    def __init__(self, settings: AiSettings, environ: Mapping[str, str]) -> None:
        if settings.provider not in _SENDERS:
            raise UsageError(f"the provider {settings.provider!r} is called by a hook of pytest", where="ai.provider")
        key = environ.get(settings.key_variable, "")
        if settings.key_variable and not key:
            raise UsageError(f"the environment variable {settings.key_variable} is not set", where="ai.api_key_env")
        self._settings = settings
        self._key = key or _NO_KEY
        self._client: Any = None

    def __call__(self, prompt: Prompt) -> Reply:
        """Send one question."""
        if self._client is None:
            self._client = _client(self._settings, self._key)
        return _SENDERS[self._settings.provider](self._client, self._settings, prompt)

    def close(self) -> None:
        """Close the connections; calling it twice is safe, and the next question opens them again."""
        client, self._client = self._client, None
        if client is not None:
            client.close()


def _client(settings: AiSettings, key: str) -> Any:
    import importlib

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a client warns of when it is imported is not the user's concern
            module = importlib.import_module(settings.provider)
    except ImportError as error:
        raise UsageError(
            f"the client of {settings.provider} cannot be imported ({error})",
            where="ai.provider",
            todo="pip install 'pytest-selfheal[ai]'",
        ) from error
    make = module.OpenAI if settings.provider == "openai" else module.Anthropic
    return make(base_url=settings.base_url or None, api_key=key, max_retries=0, timeout=settings.timeout_s)


def _openai(client: Any, settings: AiSettings, prompt: Prompt) -> Reply:
    # Their own service knows the newer name of the limit only, most others that speak the protocol the older one.
    limit = "max_tokens" if settings.base_url else "max_completion_tokens"
    answer = client.chat.completions.create(
        model=settings.model,
        messages=[{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
        **{limit: settings.answer_tokens},
    )
    choice, usage = answer.choices[0], answer.usage
    return Reply(
        choice.message.content or "",
        usage.prompt_tokens if usage else 0,
        usage.completion_tokens if usage else 0,
        choice.finish_reason or "",
    )


def _anthropic(client: Any, settings: AiSettings, prompt: Prompt) -> Reply:
    answer = client.messages.create(
        model=settings.model,
        max_tokens=settings.answer_tokens,
        system=prompt.system,
        messages=[{"role": "user", "content": prompt.user}],
    )
    text = "".join(block.text for block in answer.content if block.type == "text")
    return Reply(text, answer.usage.input_tokens, answer.usage.output_tokens, answer.stop_reason or "")


_SENDERS = {"openai": _openai, "anthropic": _anthropic}
