"""What each vendor sends, signed as the vendor does, all different: raw HTTP requests for the load, and the account to match."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

SLACK_SECRET = "bench-signing-secret-of-no-worth"
TELEGRAM_SECRET = "bench_secret_token_of_no_worth"
TWILIO_TOKEN = "bench-auth-token-of-no-worth"
APP_ID, TENANT_ID = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
SERVICE_URL = "https://smba.trafficmanager.net/emea/"
TEXT = "Hello, where is my order LK-204518? It should have been here on Monday."
CONVERSATIONS = 2_000

Request = tuple[dict[str, str], bytes]


@dataclass(frozen=True, slots=True)
class Vendor:
    """One channel under load: its account's settings, and its ``number``-th signed event for an address."""

    channel: str
    settings: dict[str, Any]
    event: Callable[[int, str], Request]


def slack(number: int, _: str) -> Request:
    """A direct message, 850 bytes."""
    now = time.time()
    stamp, ts = str(int(now)), f"{int(now)}.{number % 1_000_000:06d}"
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": TEXT}]}
    event = {
        "client_msg_id": f"3a1d1f0e-0000-4000-8000-{number:012d}",
        "type": "message",
        "channel": f"D{number % CONVERSATIONS:08d}",
        "user": f"U{number % CONVERSATIONS:08d}",
        "text": TEXT,
        "ts": ts,
        "event_ts": ts,
        "channel_type": "im",
        "team": "T0001",
        "blocks": [{"type": "rich_text", "block_id": "b1", "elements": [section]}],
    }
    bot = {
        "enterprise_id": None,
        "team_id": "T0001",
        "user_id": "U0BOT",
        "is_bot": True,
        "is_enterprise_install": False,
    }
    body = json.dumps({
        "token": "bench", "team_id": "T0001", "api_app_id": "A0001", "type": "event_callback",
        "event_id": f"Ev{number:010d}", "event_time": int(now), "event_context": "4-abc",
        "authorizations": [bot], "is_ext_shared_channel": False, "event": event,
    }).encode()  # fmt: skip
    mac = hmac.new(SLACK_SECRET.encode(), b"v0:%s:%s" % (stamp.encode(), body), hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={mac}"}
    return headers, body


def telegram(number: int, _: str) -> Request:
    """A message in a private chat, 350 bytes."""
    person = number % CONVERSATIONS + 1
    body = json.dumps({
        "update_id": 10_000 + number,
        "message": {
            "message_id": number + 1, "date": int(time.time()), "text": TEXT,
            "from": {"id": person, "is_bot": False, "first_name": "Alex", "username": "alex", "language_code": "en"},
            "chat": {"id": person, "type": "private", "first_name": "Alex", "username": "alex"},
        },
    }).encode()  # fmt: skip
    return {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": TELEGRAM_SECRET}, body


def sms(number: int, url: str) -> Request:
    """An SMS, 430 bytes of form."""
    sid = f"SM{number:032d}"
    form = {
        "ToCountry": "US", "ToState": "CA", "SmsMessageSid": sid, "NumMedia": "0", "ToCity": "", "FromZip": "94105",
        "SmsSid": sid, "FromState": "CA", "SmsStatus": "received", "FromCity": "SAN FRANCISCO", "Body": TEXT,
        "FromCountry": "US", "To": "+14155550100", "ToZip": "", "NumSegments": "1", "MessageSid": sid,
        "AccountSid": "AC" + "b" * 32, "From": f"+1415556{number % CONVERSATIONS:04d}", "ApiVersion": "2010-04-01",
    }  # fmt: skip
    signed = url + "".join(name + form[name] for name in sorted(form))
    mac = base64.b64encode(hmac.new(TWILIO_TOKEN.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    return {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": mac}, urlencode(form).encode()


class Connector:
    """Microsoft's part: a key, its documents on loopback, and the token that every request of an hour carries."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        self.url = ""

    def token(self) -> str:
        """A connector's token for the bot."""
        now = int(time.time())
        claims = {
            "iss": "https://api.botframework.com", "aud": APP_ID, "serviceurl": SERVICE_URL,
            "nbf": now - 60, "iat": now - 60, "exp": now + 3_600,
        }  # fmt: skip
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": "bench"})

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve the OpenID metadata and the keys; gives the metadata's address."""
        jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        jwk |= {"kid": "bench", "use": "sig", "endorsements": ["msteams"]}
        outer = self

        class Documents(BaseHTTPRequestHandler):
            """The two documents."""

            def do_GET(self) -> None:
                document = {"keys": [jwk]} if self.path == "/keys" else outer._metadata()
                body = json.dumps(document).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Documents)
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"{self.url}/openid"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": "https://api.botframework.com",
            "jwks_uri": f"{self.url}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }


def teams(token: str) -> Callable[[int, str], Request]:
    """A message in a personal chat, 750 bytes, under one token."""

    def event(number: int, _: str) -> Request:
        person = number % CONVERSATIONS
        body = json.dumps({
            "type": "message", "id": str(1_728_640_000_000 + number),
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
            "localTimezone": "Europe/Berlin", "channelId": "msteams", "serviceUrl": SERVICE_URL,
            "from": {"id": f"29:{person}", "name": "Alex", "aadObjectId": f"00000000-0000-4000-8000-{person:012d}"},
            "recipient": {"id": f"28:{APP_ID}", "name": "Bot"},
            "conversation": {"id": f"a:{person}", "conversationType": "personal", "tenantId": TENANT_ID},
            "text": TEXT, "textFormat": "plain", "locale": "en-US",
            "attachments": [{"contentType": "text/html", "content": f"<p>{TEXT}</p>"}],
            "channelData": {"tenant": {"id": TENANT_ID}},
        }).encode()  # fmt: skip
        return {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}, body

    return event


def vendors(openid_url: str, connector: Connector) -> tuple[Vendor, ...]:
    """The channels that an SDK exists for."""
    return (
        Vendor("slack", {"bot_token": "xoxb-bench", "signing_secrets": [SLACK_SECRET], "team_id": "T0001"}, slack),
        Vendor(
            "telegram",
            {
                "token": "1000:bench-token",
                "bot_username": "bench_bot",
                "webhook_secrets": [TELEGRAM_SECRET],
                "register_webhook": False,
            },
            telegram,
        ),
        Vendor("sms", {"account_sid": "AC" + "b" * 32, "auth_token": TWILIO_TOKEN, "from_number": "+14155550100"}, sms),
        Vendor(
            "teams",
            {"app_id": APP_ID, "app_secret": "bench-app-secret", "app_tenant": TENANT_ID, "openid_url": openid_url},
            teams(connector.token()),
        ),
    )
