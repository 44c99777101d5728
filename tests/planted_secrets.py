"""Secrets of many shapes, made up, each with the line it stands in; for tests that none of them gets out."""

from __future__ import annotations

import base64

# Made-up material; every token is put together here so that no scanner takes this file for a leak.
MIX = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1cD3eF5gH7iJ9kL2mN4oP6qR8sT0uV2wX4yZ6"
HEX = "3f2a9c0b7d115be0c4a8917263fedcba" * 4
UPPER = "Q7WXE3RT5YU8IOP2ASD4FGH6JKL9ZXC1"
WORDS = "correcthorsebatterystaple"


def _b64(text):
    return base64.b64encode(text.encode()).decode()


def _jwt():
    head = base64.urlsafe_b64encode(b'{"alg":"HS256"}').decode().rstrip("=")
    body = base64.urlsafe_b64encode(b'{"sub":"1234567890"}').decode().rstrip("=")
    return f"{head}.{body}.{MIX[:43]}"


def _pem(kind):
    dashes = "-" * 5
    return f"{dashes}BEGIN {kind}PRIVATE KEY{dashes}\n{MIX[:64]}\n{MIX[1:65]}\n{dashes}END {kind}PRIVATE KEY{dashes}"


# (id, the secret itself, the line it stands in with {} in its place)
SECRETS = [
    ("aws-id", "AKIA" + UPPER[:16], "InvalidAccessKeyId: {} does not exist"),
    ("aws-session-id", "ASIA" + UPPER[:16], "key {}"),
    ("aws-secret", MIX[:36] + "/+aZ", "aws_secret_access_key = {}"),
    ("aws-secret-json", MIX[:36] + "/+aZ", '{{"SecretAccessKey": "{}"}}'),
    ("github-classic", "ghp" + "_" + MIX[:36], "remote: {}"),
    ("github-oauth", "gho" + "_" + MIX[:36], "using {}."),
    ("github-app", "ghs" + "_" + MIX[:36], "'{}'"),
    ("github-fine", "github" + "_pat_" + MIX[:22] + "_" + MIX[:59], "x {} y"),
    ("gitlab", "glpat" + "-" + MIX[:20], "token was {}"),
    ("gitlab-deploy", "gldt" + "-" + MIX[:20], "{}"),
    ("slack-bot", "xoxb" + "-123456789012-" + MIX[:24], "invalid_auth {}"),
    ("slack-user", "xoxp" + "-123456789012-" + MIX[:24], "({})"),
    ("slack-app", "xapp" + "-1-A0123-" + MIX[:24], "{}"),
    ("slack-hook", f"T{UPPER[:8]}/B{UPPER[:8]}/{MIX[:24]}", "POST https://hooks.slack.com/services/{} 404"),
    ("discord-hook", "123456789012345678/" + MIX[:60], "https://discord.com/api/webhooks/{}"),
    ("pypi", "pypi" + "-AgEIcHlwaS5vcmc" + MIX[:60], "403 for {}"),
    ("openai", "sk" + "-" + MIX[:48], "Incorrect API key provided: {}."),
    ("openai-project", "sk" + "-proj-" + MIX[:48], "{}"),
    ("anthropic", "sk" + "-ant-api03-" + MIX[:60], "x-api-key: {}"),
    ("stripe-live", "sk" + "_live_" + MIX[:24], "No such token {}"),
    ("stripe-restricted", "rk" + "_test_" + MIX[:24], "{}"),
    ("stripe-hook", "whsec" + "_" + MIX[:32], "{}"),
    ("google-key", "AIza" + MIX[:35], "GET /maps?key={} HTTP/1.1"),
    ("google-oauth", "ya29" + "." + MIX[:60], "{}"),
    ("google-client", "GOCSPX" + "-" + MIX[:28], "{}"),
    ("jwt", _jwt(), "token {} expired"),
    ("jwt-bearer", _jwt(), "Authorization: Bearer {}"),
    ("bearer", MIX[:32], "Authorization: Bearer {}"),
    ("bearer-dict", MIX[:32], "{{'Authorization': 'Bearer {}', 'Accept': '*/*'}}"),
    ("bearer-alone", MIX[:32], "sent Bearer {} to the server"),
    ("basic", _b64("user:hunter2"), "Authorization: Basic {}"),
    ("basic-dict", _b64("user:hunter2"), '{{"authorization": "Basic {}"}}'),
    ("header-plain", MIX[:24], "'X-Api-Key': '{}'"),
    ("cookie", MIX[:24], "Cookie: session={}; theme=dark"),
    ("set-cookie", MIX[:24], "Set-Cookie: sid={}; HttpOnly"),
    ("url-password", "hunter2hunter", "postgresql://app:{}@db.internal:5432/shop"),
    ("url-empty-user", "hunter2hunter", "redis://:{}@cache:6379/0"),
    ("url-percent", "p%40ss%2Fword", "amqp://guest:{}@mq//"),
    ("url-user-token", MIX[:32], "https://{}@sentry.example/42"),
    ("url-query", MIX[:32], "GET https://api.example/items?access_token={}&page=2"),
    ("url-signature", MIX[:40] + "%3D", "https://acc.blob.example/c/b?sv=2024&sig={}"),
    ("azure-account", MIX[:60] + "==", "AccountName=shop;AccountKey={};EndpointSuffix=core.example"),
    ("ado", "S3cr3t!Pass", "Server=db;Database=shop;User Id=sa;Password={};"),
    ("libpq", "s3cr3tpass", "host=db user=app password={} dbname=shop"),
    ("pair-env", WORDS, "DB_PASSWORD={}"),
    ("pair-env-short", "hunter2", "export PASSWORD={}"),
    ("pair-symbols", "Tr0ub4dor&3", 'password="{}"'),
    ("pair-json", WORDS, '{{"user": "ann", "password": "{}"}}'),
    ("pair-json-words", "correct horse battery", '{{"client_secret": "{}"}}'),
    ("pair-repr", WORDS, "{{'api_key': '{}', 'n': 1}}"),
    ("pair-escaped", WORDS, '"{{\\"password\\": \\"{}\\"}}"'),
    ("pair-yaml", "s3cr3t-value-9", "  auth_token: {}"),
    ("pair-kwarg", WORDS, "connect(user='ann', passwd='{}')"),
    ("pair-arrow", MIX[:20], "secret => {}"),
    ("pair-camel", MIX[:20], '"refreshToken": "{}"'),
    ("pair-digits", "83645172", "token={}"),
    ("option", "hunter2", "command: login --password {} --user ann"),
    ("pem", MIX[:64], _pem("").replace(MIX[:64], "{}")),
    ("pem-rsa", MIX[1:65], _pem("RSA ").replace(MIX[1:65], "{}")),
    ("pem-cut-head", MIX[:64], "{}\n" + "-" * 5 + "END PRIVATE KEY" + "-" * 5),
    ("pem-cut-tail", MIX[:64], "-" * 5 + "BEGIN EC PRIVATE KEY" + "-" * 5 + "\n{}"),
    ("sendgrid", "SG." + MIX[:22] + "." + MIX[:43], "{}"),
    ("twilio", "SK" + HEX[:32], "{}"),
    ("npm", "npm" + "_" + MIX[:36], "//registry.example/:_authToken={}"),
    ("hugging", "hf" + "_" + MIX[:34], "{}"),
    ("digitalocean", "dop" + "_v1_" + HEX[:64], "{}"),
    ("databricks", "dapi" + HEX[:32], "{}"),
    ("vault", "hvs" + "." + MIX[:40], "{}"),
    ("telegram", "123456789:AA" + MIX[:33], "https://api.telegram.org/bot{}/getMe"),
    ("mailchimp", HEX[:32] + "-us14", "{}"),
]
