"""What secrets look like: names of variables that hold them, and the shapes of known tokens.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

_NAMES = (
    r"passw(?:or)?d|passwort|passphrase|pwd|secret|token(?!s)|credentials?|api[_-]?key|access[_-]?key|account[_-]?key"
    r"|private[_-]?key|signing[_-]?key|encryption[_-]?key|auth[_-]?key|master[_-]?key|session[_-]?id|client[_-]?key"
    r"|(?<=[_-])pass(?![a-z])|(?<=[_-])psw(?![a-z])|authkey|apikey|otp[_-]?code"
)

SECRET_NAME = (
    rf"(?i)(?!(?:OLD)?PWD$)(?!.*(?:_SOCK|_FILE|_PATH|_DIR|_HOME|_ID_TYPE|_PID)$)"
    rf".*?(?:{_NAMES}|(?:^|_)(?:auth|dsn|cookie|key|pat|connection_?string|conn_?str)(?:_|$))"
)

_TOKEN_SHAPES = (
    r"(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|ANPA|AIPA)[A-Z0-9]{16}(?![A-Za-z0-9])",  # AWS access key ids
    r"gh[pousr]_[A-Za-z0-9]{20,255}",
    r"github_pat_[A-Za-z0-9_]{20,255}",
    r"gl(?:pat|dt|rt|ptt|oas|cbt|ft|imt|agent|soat|ffct|rtr)-[A-Za-z0-9_.-]{16,255}",
    r"xox[abceoprs]-[A-Za-z0-9-]{10,255}",
    r"xapp-[0-9]-[A-Za-z0-9-]{10,255}",
    r"pypi-[A-Za-z0-9_-]{32,512}",
    r"sk-(?=[A-Za-z_-]{0,60}[0-9])[A-Za-z0-9_-]{20,255}",  # OpenAI, Anthropic and others
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,255}",
    r"whsec_[A-Za-z0-9+/=]{16,255}",
    r"AIza[A-Za-z0-9_-]{30,64}",
    r"ya29\.[A-Za-z0-9_-]{20,512}",
    r"GOCSPX-[A-Za-z0-9_-]{20,64}",
    r"eyJ[A-Za-z0-9_-]{8,2048}\.[A-Za-z0-9_-]{8,4096}(?:\.[A-Za-z0-9_-]{0,2048})?",  # JWT
    r"SK[0-9a-f]{32}(?![0-9A-Za-z])",
    r"SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}",
    r"npm_[A-Za-z0-9]{30,64}",
    r"hf_[A-Za-z0-9]{30,64}",
    r"do[opr]_v1_[a-f0-9]{64}",
    r"dapi[0-9a-f]{32}",
    r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",
    r"sq0[a-z]{3}-[A-Za-z0-9_-]{22,64}",
    r"key-[0-9a-f]{32}(?![0-9A-Za-z])",
    r"[0-9a-f]{32}-us[0-9]{1,2}(?![0-9A-Za-z])",
    r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}",
    r"hv[sbr]\.[A-Za-z0-9_-]{24,255}",
    r"AGE-SECRET-KEY-1[A-Z0-9]{20,64}",
    r"dckr_pat_[A-Za-z0-9_-]{20,64}",
    r"ATATT3[A-Za-z0-9_=-]{20,255}",
    r"lin_api_[A-Za-z0-9]{20,64}",
    r"ntn_[A-Za-z0-9]{30,64}",
    r"secret_[A-Za-z0-9]{43}(?![0-9A-Za-z])",
    r"(?:gsk|xai|pplx|r8|sbp|figd|nvapi|pul|tfp)[_-][A-Za-z0-9_-]{30,255}",
    r"gl(?:sa|c)_[A-Za-z0-9+/=_]{20,255}",
    r"NRAK-[A-Z0-9]{20,64}",
    r"PMAK-[a-f0-9-]{40,80}",
    r"dp\.(?:pt|st|ct)\.[A-Za-z0-9._-]{30,128}",
    r"rubygems_[a-f0-9]{48}",
    r"sntr[ysu]{1,2}_[A-Za-z0-9+/=_-]{30,255}",
)

_WEBHOOKS = (
    r"(?<=hooks\.slack\.com/services/)[A-Za-z0-9/]{20,128}",
    r"(?<=discord\.com/api/webhooks/)[0-9]{5,25}/[A-Za-z0-9_-]{20,128}",
    r"(?<=api\.telegram\.org/bot)[0-9]{6,12}:[A-Za-z0-9_-]{30,64}",
)

# A scheme word followed by something that is no ordinary word: a digit, an equals sign, or a capital inside it.
_SCHEME_VALUES = (
    r"(?<=[Bb]earer )(?=[A-Za-z._~+/-]{0,80}(?:[0-9]|[a-z][A-Z]))[A-Za-z0-9._~+/-]{12,4096}={0,2}",
    r"(?<=[Bb]asic )(?=[A-Za-z+/]{0,80}(?:[0-9=]|[a-z][A-Z]))[A-Za-z0-9+/]{8,1024}={0,2}",
)

TOKENS = rf"(?<![A-Za-z0-9])(?:{'|'.join(_TOKEN_SHAPES)})|{'|'.join(_WEBHOOKS)}"

LONG_RUN = r"[A-Za-z0-9_.:/+=-]{16,}"
"""Only inside such a run can a token stand; finding the runs first is much cheaper than trying every shape anywhere."""

SCHEMES = "|".join(_SCHEME_VALUES)

SCHEME_HINTS = ("bearer ", "basic ")

_SCHEMES = r"(?:basic|bearer|token|digest|negotiate|apikey|aws4-hmac-sha256)\s{1,3}"

HEADERS = (
    r"(?i)((?:(?:proxy-)?authorization|x-(?:api|auth)-(?:key|token))[\"']?\s{0,3}[:=,]\s{0,3}(?:b(?=[\"']))?[\"']?"
    rf"(?:{_SCHEMES})?|(?<![A-Za-z])(?:set-)?cookie[\"']?\s{{0,3}}:\s{{0,3}}[\"']?)"
    rf"(?!{_SCHEMES}|\[redacted\]|(?:none|null|true|false|missing|required|invalid|header)\b)"
    r"[^\s\"',\[{(<][^\s\"',]{3,4096}(?:(?<==|;)\s[^\s\"',]{1,512}|;\s[^\s\"',]{1,512}){0,20}"
)

HEADER_HINTS = ("authorization", "x-api", "x-auth", "cookie")

URLS = (
    (r"(://[^\s/@:\"'<>]{0,256}:)(?!\[redacted\])[^\s@/\"'<>]{1,256}(@)", ("://",)),
    (r"(://)(?!\[redacted\])[A-Za-z0-9_-]{20,256}(@)", ("://",)),
    (
        (
            r"(?i)([?&;](?:sig(?:nature)?|x-amz-(?:signature|credential|security-token)|key|code|auth|access_token)=)(?!\[red)"
            r"[^&\s\"'<>\[]{6,2048}()"
        ),
        ("sig", "key=", "code=", "auth=", "x-amz", "token="),
    ),
)

_SUFFIX = (
    r"(?:[_-]?(?:key|value|hash|id|string|base64|b64|secret|token|data|[0-9]{1,3}|prod|dev|test|live|old|new|current"
    r"|confirm|confirmation|again|env|raw|plain|text)){0,3}"
)

_STRING = r"\\?\"(?:[^\"\\\n]|\\(?!\")[^\n]){4,4096}\\?\"|\\?'(?:[^'\\\n]|\\(?!')[^\n]){4,4096}\\?'"

PAIRS = (
    rf"(?i)(?P<lead>(?<!expected )(?<!invalid )(?:--(?:{_NAMES}){_SUFFIX}[ =]|(?:{_NAMES}){_SUFFIX}"
    r"\\?[\"']?\]?\s{0,3}(?:=>|:=|(?<![=!<>])=(?!=)|:(?!:)|,(?=\s{0,3}b?[\"']))\s{0,3}b?))"
    rf"(?:(?P<quoted>{_STRING})|(?P<bare>[^\s,;&\"'`){{}}\]\[<>]{{4,4096}}))"
)

PAIR_HINTS = ("pass", "pwd", "psw", "secret", "token", "credential", "key", "session", "otp")
