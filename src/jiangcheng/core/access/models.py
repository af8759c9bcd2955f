"""People, roles, and the audit trail."""

from __future__ import annotations

from typing import Any, NoReturn

from django.contrib.auth.models import AbstractUser
from django.db import models


class AppendOnlyError(Exception):
    """Somebody tried to change or delete a row that is kept for ever."""


class AppendOnlyQuerySet(models.QuerySet[Any]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError(f"{self.model.__name__} is append-only")

    def delete(self) -> NoReturn:
        raise AppendOnlyError(f"{self.model.__name__} is append-only")


class AppendOnly(models.Model):
    """Rows that are written once. Triggers of the database hold what does not pass through here."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError(f"{type(self).__name__} is append-only")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError(f"{type(self).__name__} is append-only")


class User(AbstractUser):
    """A person with a log-in."""

    display_name = models.CharField(max_length=80)
    phone = models.CharField(max_length=20, blank=True)
    language = models.CharField(max_length=10, default="zh-hans")
    password_changed_at = models.DateTimeField(null=True)
    must_change_password = models.BooleanField(default=False)
    """True after somebody else has set the password."""

    def __str__(self) -> str:
        return self.display_name or self.username


class PastPassword(models.Model):
    """The hash of a password somebody had; it may not come back soon."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="past_passwords")
    hash = models.CharField(max_length=256)
    set_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user.pk} {self.set_at:%Y-%m-%d}"


class Authenticator(models.Model):
    """The secret a person's telephone computes one-time codes from (TOTP, RFC 6238)."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="authenticator")
    sealed_secret = models.CharField(max_length=200)
    confirmed_at = models.DateTimeField(null=True)
    """Null until the first code was right."""
    last_step = models.BigIntegerField(default=0)
    """The time step of the last code that was taken: each code opens once."""

    def __str__(self) -> str:
        return f"{self.user.pk}"


class RecoveryCode(models.Model):
    """The hash of a code that opens once when the second factor is lost."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    hash = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.user.pk}"


class Passkey(models.Model):
    """A key of a person's own device (WebAuthn level 2)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="passkeys")
    credential_id = models.CharField(max_length=400, unique=True)
    """base64url."""
    public_key = models.BinaryField()
    sign_count = models.BigIntegerField(default=0)
    name = models.CharField(max_length=60)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class OpenSession(models.Model):
    """One browser in which a person is, or was, logged in."""

    token_hash = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="open_sessions")
    started_at = models.DateTimeField()
    active_at = models.DateTimeField()
    """When the person last did something; what a screen fetches by itself does not count."""
    address = models.CharField(max_length=64)
    agent = models.CharField(max_length=200, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=20, blank=True)
    """``person``, ``idle``, ``crowded``, ``administrator`` or ``password``."""

    def __str__(self) -> str:
        return f"{self.user.pk} {self.started_at:%Y-%m-%d %H:%M}"


class AccessToken(models.Model):
    """The hash of a token by which a program or a device acts for a person, with some of the person's rights."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="access_tokens")
    name = models.CharField(max_length=60)
    hash = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12)
    """The start of the token, by which a person knows it again."""
    permissions = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} {self.hint}"


class ExternalIdentity(models.Model):
    """A person as an OpenID provider knows them."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="external_identities")
    issuer = models.CharField(max_length=200)
    subject = models.CharField(max_length=255)
    linked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="external_identity_once")]

    def __str__(self) -> str:
        return f"{self.issuer} {self.subject}"


class Role(models.Model):
    """A named set of permissions. The permissions are codes declared in manifests."""

    code = models.CharField(max_length=40, unique=True)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    permissions = models.JSONField(default=list)
    exclusive_group = models.CharField(max_length=20, blank=True)
    """Roles of one group are never held by one person (the three administrators)."""
    bound_to_facility = models.BooleanField(default=False)
    """True where the role is worth nothing without a facility (an enterprise's own people)."""

    def __str__(self) -> str:
        return self.name_zh


class Assignment(models.Model):
    """A person holds a role in a region (none: the whole city) or for a facility, in ``[from, to)``.

    Region and facility are codes, not keys: this desk knows no other.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="assignments")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="assignments")
    region_code = models.CharField(max_length=32, blank=True)
    """Prefix codes of the area tree: a role in 220202 covers 220202001 as well."""
    facility_code = models.CharField(max_length=32, blank=True)
    valid_from_date = models.DateField()
    valid_to_date = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.user} {self.role} {self.region_code or self.facility_code}"


class LoginFailure(models.Model):
    """Failed log-ins in a row under one name from one address."""

    username = models.CharField(max_length=150)
    address = models.CharField(max_length=64)
    failures = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["username", "address"], name="login_failure_once"),
        ]

    def __str__(self) -> str:
        return f"{self.username} {self.address} {self.failures}"


class AuditEntry(AppendOnly):
    """One act of one person. Append-only; each entry carries the hash of the one before."""

    sequence = models.BigIntegerField(unique=True)
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=80)
    reason = models.TextField(blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    address = models.CharField(max_length=64, blank=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["object_type", "object_id"], name="audit_object")]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action} {self.object_type} {self.object_id}"


class AuditHead(models.Model):
    """The end of the audit trail, one row: writers queue at it, and a trail cut short is seen by it."""

    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.sequence} {self.hash[:12]}"
