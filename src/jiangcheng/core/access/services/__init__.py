"""Guarding views, keeping the audit trail, and managing people."""

from jiangcheng.core.access.services.audit import ChainReport, record, verify_audit
from jiangcheng.core.access.services.factors import (
    WrongCode,
    WrongKey,
    add_passkey,
    begin_authenticator,
    check_code,
    check_passkey,
    confirm_authenticator,
    has_authenticator,
    has_second_factor,
    lacks_second_factor,
    passkey_question,
    passkey_registration,
    remove_factors,
    secret_in,
)
from jiangcheng.core.access.services.guard import (
    asked_at,
    authorise,
    ninja_auth,
    permission_of,
    person,
    public,
    received_at,
    received_date,
    requires,
    turn_away,
)
from jiangcheng.core.access.services.oidc import Identity as OidcIdentity
from jiangcheng.core.access.services.oidc import ProviderFailed
from jiangcheng.core.access.services.oidc import Question as OidcQuestion
from jiangcheng.core.access.services.oidc import answered as oidc_answered
from jiangcheng.core.access.services.oidc import configured as oidc_configured
from jiangcheng.core.access.services.oidc import link as oidc_link
from jiangcheng.core.access.services.oidc import person_of as oidc_person
from jiangcheng.core.access.services.oidc import question as oidc_question
from jiangcheng.core.access.services.passwords import (
    UsedBefore,
    WrongPassword,
    change_password,
    password_is_old,
    reset_password,
    set_active,
    unlock,
)
from jiangcheng.core.access.services.people import (
    FacilityMissing,
    OwnRole,
    RoleConflict,
    UnknownRole,
    UsernameTaken,
    WeakPassword,
    assign_role,
    create_user,
    load_roles,
    logged_out,
    login_failed,
    login_succeeded,
    remaining_wait,
    set_language,
)
from jiangcheng.core.access.services.personal import READ as READ_PERSONAL
from jiangcheng.core.access.services.personal import read_personal
from jiangcheng.core.access.services.sessions import (
    check_session,
    close_session,
    end_session,
    is_of,
    open_session,
)
from jiangcheng.core.access.services.sessions import running as running_sessions
from jiangcheng.core.access.services.tokens import TokenRefused, make_token, revoke_token, token_of
from jiangcheng.core.access.services.vault import opened, sealed

__all__ = [
    "READ_PERSONAL",
    "ChainReport",
    "FacilityMissing",
    "OidcIdentity",
    "OidcQuestion",
    "OwnRole",
    "ProviderFailed",
    "RoleConflict",
    "TokenRefused",
    "UnknownRole",
    "UsedBefore",
    "UsernameTaken",
    "WeakPassword",
    "WrongCode",
    "WrongKey",
    "WrongPassword",
    "add_passkey",
    "asked_at",
    "assign_role",
    "authorise",
    "begin_authenticator",
    "change_password",
    "check_code",
    "check_passkey",
    "check_session",
    "close_session",
    "confirm_authenticator",
    "create_user",
    "end_session",
    "has_authenticator",
    "has_second_factor",
    "is_of",
    "lacks_second_factor",
    "load_roles",
    "logged_out",
    "login_failed",
    "login_succeeded",
    "make_token",
    "ninja_auth",
    "oidc_answered",
    "oidc_configured",
    "oidc_link",
    "oidc_person",
    "oidc_question",
    "open_session",
    "opened",
    "passkey_question",
    "passkey_registration",
    "password_is_old",
    "permission_of",
    "person",
    "public",
    "read_personal",
    "received_at",
    "received_date",
    "record",
    "remaining_wait",
    "remove_factors",
    "requires",
    "reset_password",
    "revoke_token",
    "running_sessions",
    "sealed",
    "secret_in",
    "set_active",
    "set_language",
    "token_of",
    "turn_away",
    "unlock",
    "verify_audit",
]
