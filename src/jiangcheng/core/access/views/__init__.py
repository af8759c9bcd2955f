"""Log-in, own security, people, the audit trail; and the middleware that refuses what nobody has allowed."""

from jiangcheng.core.access.views.login import (
    Login,
    language,
    logout,
    oidc_back,
    oidc_start,
    second,
    second_passkey,
    second_question,
)
from jiangcheng.core.access.views.middleware import DefaultDenyMiddleware, SessionMiddleware
from jiangcheng.core.access.views.people import (
    assign,
    create,
    disable,
    end_session,
    people,
    person,
    reset,
    unlock,
)
from jiangcheng.core.access.views.requests import address_of
from jiangcheng.core.access.views.security import (
    add_passkey,
    authenticator,
    confirm,
    end_own_session,
    make_token,
    passkey_options,
    password,
    remove_factors,
    revoke_token,
    security,
)
from jiangcheng.core.access.views.trail import audit, audit_verify

__all__ = [
    "DefaultDenyMiddleware",
    "Login",
    "SessionMiddleware",
    "add_passkey",
    "address_of",
    "assign",
    "audit",
    "audit_verify",
    "authenticator",
    "confirm",
    "create",
    "disable",
    "end_own_session",
    "end_session",
    "language",
    "logout",
    "make_token",
    "oidc_back",
    "oidc_start",
    "passkey_options",
    "password",
    "people",
    "person",
    "remove_factors",
    "reset",
    "revoke_token",
    "second",
    "second_passkey",
    "second_question",
    "security",
    "unlock",
]
