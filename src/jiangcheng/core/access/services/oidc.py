"""Logging in through an OpenID Connect provider: authorization code with PKCE, state and nonce.

Nobody is created and no role is given by a log-in: the provider's subject must have been linked to a person,
by the person (logged in) or by the security administrator.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import secrets
import time
from typing import Any

import httpx2
from authlib.integrations.httpx_client import OAuth2Client
from django.conf import settings
from django.db import IntegrityError, transaction
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from jiangcheng.core.access.models import ExternalIdentity, User
from jiangcheng.core.access.services import audit

TIMEOUT = 10.0
ALGORITHMS = ["RS256", "ES256", "PS256"]
LEEWAY = 60


class ProviderFailed(Exception):  # noqa: N818
    """The provider cannot be reached, or its answer cannot be trusted. The message is for the log."""


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """Where the browser is sent, and what has to be remembered until it comes back."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is for the provider."""

    issuer: str
    subject: str


def configured() -> bool:
    """Tell whether a provider is configured."""
    return bool(settings.OIDC["issuer"] and settings.OIDC["client_id"])


def question(*, redirect_uri: str) -> Question:
    """Return where to send the browser.

    Raises
    ------
    ProviderFailed
        If the provider's description cannot be read.
    """
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    with _client(redirect_uri) as client:
        url, state = client.create_authorization_url(
            _description()["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )
    return Question(url, state, nonce, verifier)


def answered(*, address: str, asked: Question, redirect_uri: str) -> Identity:
    """Return who came back from the provider.

    Parameters
    ----------
    address
        The whole address the browser came back to.

    Raises
    ------
    ProviderFailed
        If state, code, token, signature, issuer, audience, nonce or age is not right.
    """
    told = _description()
    try:
        with _client(redirect_uri, state=asked.state) as client:
            token = client.fetch_token(
                told["token_endpoint"],
                authorization_response=address,
                code_verifier=asked.verifier,
                timeout=TIMEOUT,
            )
            keys = KeySet.import_key_set(
                httpx2.get(told["jwks_uri"], timeout=TIMEOUT).raise_for_status().json()
            )
        claims = jwt.decode(token["id_token"], keys, algorithms=ALGORITHMS).claims
        jwt.JWTClaimsRegistry(
            now=int(time.time()),  # noqa: TID251 - the token's age is judged by the wall clock
            leeway=LEEWAY,
            iss={"essential": True, "value": told["issuer"]},
            aud={"essential": True, "value": settings.OIDC["client_id"]},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": asked.nonce},
        ).validate(claims)
    except (JoseError, httpx2.HTTPError, KeyError, ValueError, TypeError) as error:
        raise ProviderFailed(repr(error)) from error
    except Exception as error:  # authlib raises several unrelated kinds for a wrong state or code
        if type(error).__module__.startswith("authlib."):
            raise ProviderFailed(repr(error)) from error
        raise
    return Identity(told["issuer"], str(claims["sub"]))


def person_of(*, identity: Identity) -> User | None:
    """Return the active person an identity is linked to."""
    found = ExternalIdentity.objects.filter(
        issuer=identity.issuer, subject=identity.subject, user__is_active=True
    )
    row = found.select_related("user").first()
    return row.user if row else None


def link(*, user: User, identity: Identity, actor: User, now: dt.datetime) -> ExternalIdentity:
    """Link an identity to a person.

    Raises
    ------
    ProviderFailed
        If it is linked to somebody else.
    """
    try:
        with transaction.atomic():
            row, _ = ExternalIdentity.objects.get_or_create(
                user=user, issuer=identity.issuer, subject=identity.subject, defaults={"linked_at": now}
            )
            audit.record(
                actor=actor,
                action="access.link_identity",
                object_type="user",
                object_id=user.username,
                after={"issuer": identity.issuer, "subject": identity.subject},
                at=now,
            )
    except IntegrityError as error:
        raise ProviderFailed("linked to somebody else") from error
    return row


def _client(redirect_uri: str, state: str | None = None) -> OAuth2Client:
    return OAuth2Client(
        settings.OIDC["client_id"],
        settings.OIDC["client_secret"],
        scope="openid",
        redirect_uri=redirect_uri,
        state=state,
        code_challenge_method="S256",
    )


def _description() -> dict[str, Any]:
    issuer = settings.OIDC["issuer"].rstrip("/")
    try:
        answer = httpx2.get(f"{issuer}/.well-known/openid-configuration", timeout=TIMEOUT).raise_for_status()
        told: dict[str, Any] = answer.json()
        if told["issuer"].rstrip("/") != issuer:
            raise ProviderFailed("the provider calls itself something else")
    except (httpx2.HTTPError, ValueError, KeyError) as error:
        raise ProviderFailed(repr(error)) from error
    return told
