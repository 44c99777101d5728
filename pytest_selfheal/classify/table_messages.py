"""Message rules, the last resort: anchored phrases, for exceptions whose class says nothing.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from pytest_selfheal.classify.rules import BY_MESSAGE
from pytest_selfheal.classify.rules import Rule
from pytest_selfheal.model import Category
from pytest_selfheal.model import Severity

TALK = r"\b(?:expected|should|assert\w*|instead of|must not|did not|didn't|was not|wrong|mismatch)\b"
"""Words by which a message talks about an outcome instead of reporting one; such a message decides nothing."""


def _rule(name: str, category: Category, message: str, severity: Severity | None = None) -> Rule:
    return Rule(f"message.{name}", category, BY_MESSAGE, message=message, severity=severity)


MESSAGE_RULES = (
    _rule("crash", Category.CRASH, r"\bSegmentation fault\b|crashed with signal \d|\bfatal signal SIG[A-Z]+\b"),
    _rule(
        "exhausted",
        Category.ENVIRONMENT,
        r"\bNo space left on device\b|\bToo many open files\b|can't start new thread|\bCannot allocate memory\b"
        r"|\bCUDA out of memory\b|\bdisk quota exceeded\b",
        Severity.CRITICAL,
    ),
    _rule(
        "quota", Category.ENVIRONMENT, r"exceeded your current quota|\binsufficient_quota\b|\bbilling (?:hard )?limit\b"
    ),
    _rule(
        "rate_limit",
        Category.RATE_LIMIT,
        r"\bToo Many Requests\b|\brate limit (?:was |has been )?(?:exceeded|reached|hit)\b|\bRateLimit(?:Exceeded"
        r"|Error)\b"
        r"|\b(?:HTTP|status(?: code)?|error(?: code)?)[ :/=]{1,2}429\b|\bThrottlingException\b"
        r"|\bRequest was throttled\b",
    ),
    _rule(
        "environment",
        Category.ENVIRONMENT,
        r"\benvironment variable\b[^\n]{0,60}\b(?:not (?:set|defined|found)|missing|required|unset)\b"
        r"|\b(?:missing|undefined|unset) environment variable\b|: command not found\b|\bPermission denied\b"
        r"|Cannot connect to the Docker daemon|\bapi[_ ]?key\b[^\n]{0,40}\b(?:not set|must be set|missing|required)\b"
        r"|^set [A-Z][A-Z0-9_]+ (?:to|in|before)\b|\bInvalid API key\b|cannot open shared object file|DLL load failed"
        r"|\bsuitable TLS CA certificate bundle\b|\bCERTIFICATE_VERIFY_FAILED\b|\bcertificate verify failed\b",
    ),
    _rule(
        "timeout",
        Category.TIMEOUT,
        r"\btimed out (?:after|waiting|while)\b|\b(?:read|connection|connect|operation|request|query"
        r"|handshake) timed out\b"
        r"|\bdeadline exceeded\b|\btimeout (?:expired|exceeded|of \d)|^timed out$",
    ),
    _rule(
        "transient",
        Category.TRANSIENT,
        r"\bConnection (?:reset by peer|refused|aborted)\b|\bconnection (?:was )?(?:closed|lost) unexpectedly\b"
        r"|\bBroken pipe\b"
        r"|\bTemporary failure in name resolution\b|\bRemote end closed connection\b"
        r"|\bserver (?:has )?closed the connection\b"
        r"|\bServer disconnected\b|\bdatabase (?:table )?is locked\b|\bdeadlock detected\b|\bNetwork is unreachable\b"
        r"|\bNo route to host\b|\bCould not resolve host\b"
        r"|\bEOF occurred in violation of protocol\b|\bMax retries exceeded with url\b"
        r"|\b(?:HTTP(?:/\d(?:\.\d)?)?|status(?: code)?|error(?: code)?)[ :/=]{1,2}50[234]\b|\b50[234] (?:Bad Gateway"
        r"|Service "
        r"(?:Temporarily )?Unavailable|Gateway Time-?out)\b|\bService Unavailable\b|\bBad Gateway\b"
        r"|\bGateway Time-?out\b"
        r"|\bthe database system is starting up\b|\bcould not connect to server\b|net::ERR_(?:CONNECTION|NETWORK)_",
    ),
)
