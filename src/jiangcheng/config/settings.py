"""Settings. Everything a site may change comes from environment variables named ``JIANGCHENG_…``.

``JIANGCHENG_DATA``          folder of this installation's data (default ``./var``)
``JIANGCHENG_DATABASE_URL``  ``postgresql://…``; without it SQLite in the data folder
``JIANGCHENG_ALLOWED_HOSTS`` comma separated; default: this machine only
``JIANGCHENG_SECRET_KEY``    default: a random key kept in the data folder
``JIANGCHENG_SECURE``        ``1`` behind TLS: secure cookies and HSTS
``JIANGCHENG_SECOND_FACTOR`` ``administrators`` or ``all`` need a second factor; default: who wants one
``JIANGCHENG_OIDC_ISSUER``   with ``…_CLIENT_ID`` and ``…_CLIENT_SECRET``: log-in through an OpenID provider
``JIANGCHENG_SITE``          address of the portal in messages that leave the house
``JIANGCHENG_EMAIL_…``       ``HOST``, ``PORT``, ``USER``, ``PASSWORD``, ``TLS`` (``1``), ``FROM``: outgoing mail
``JIANGCHENG_SMS_GATEWAY``, ``…_CHAT_ROBOTS`` (JSON) and ``…_WEBHOOKS`` (allowed hosts): see docs/notifications.md
``JIANGCHENG_CREDIT_PLATFORM`` JSON with ``url`` and ``secret`` of the platform of public credit
``JIANGCHENG_WATCHED_FOLDER``, ``…_MQTT`` (JSON) and ``…_FORWARD`` (JSON list): see docs/gateway.md
``JIANGCHENG_DEBUG``         ``1`` shows errors in the browser; never in production
"""

from __future__ import annotations

import json
import os
import pathlib
import secrets
import sys
import urllib.parse

from csp.constants import NONE, SELF

PACKAGE = pathlib.Path(__file__).resolve().parent.parent
DATA = pathlib.Path(os.environ.get("JIANGCHENG_DATA", "var")).resolve()


def _secret_key() -> str:
    if key := os.environ.get("JIANGCHENG_SECRET_KEY"):
        return key
    path = DATA / "secret-key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        DATA.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(key := secrets.token_urlsafe(50))
        return key


def _database(url: str) -> dict[str, object]:
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(DATA / "jiangcheng.sqlite3"),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;"
                " PRAGMA temp_store=MEMORY; PRAGMA mmap_size=268435456;",
            },
            "TEST": {"NAME": None},
        }
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise SystemExit("JIANGCHENG_DATABASE_URL: only postgresql:// is understood; leave it out for SQLite")
    query = dict(urllib.parse.parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": urllib.parse.unquote(parts.username or ""),
        "PASSWORD": urllib.parse.unquote(parts.password or ""),
        "HOST": query.get("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


SECRET_KEY = _secret_key()
DEBUG = os.environ.get("JIANGCHENG_DEBUG") == "1"
ALLOWED_HOSTS = os.environ.get("JIANGCHENG_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1],testserver").split(",")
DATABASES = {"default": _database(os.environ.get("JIANGCHENG_DATABASE_URL", ""))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DESKS = ["access", "portal", "registry", "observations", "cases", "records", "indicators", "reports"]
MODULES = [
    "air", "water", "noise", "emissions", "plan",
    "enterprises", "inspections", "enforcement", "credit", "inspectorate", "participation", "fieldwork",
    "greening", "straw", "network", "sources", "climate", "ecovalue", "safety", "waste", "source_tracing",
    "soil", "ecology", "market",
]  # fmt: skip

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_vite",
    "django_filters",
    "django_tables2",
    "import_export",
    "simple_history",
    *(f"jiangcheng.core.{desk}" for desk in DESKS),
    *(f"jiangcheng.modules.{module}" for module in MODULES),
    "jiangcheng.gateway",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "jiangcheng.core.access.views.DefaultDenyMiddleware",
    "jiangcheng.core.access.views.SessionMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "jiangcheng.core.reports.views.PageTablesMiddleware",
]
ROOT_URLCONF = "jiangcheng.config.urls"
ASGI_APPLICATION = "jiangcheng.config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "jiangcheng.core.portal.views.shell",
            ],
        },
    }
]

AUTH_USER_MODEL = "access.User"
LOGIN_URL = "access:login"
LOGIN_REDIRECT_URL = "portal:home"
LOGOUT_REDIRECT_URL = "access:login"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

LANGUAGE_CODE = "zh-hans"
FORMAT_MODULE_PATH = "jiangcheng.config.formats"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATIC_ROOT = DATA / "static"
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_AUTOREFRESH = False
MEDIA_ROOT = DATA / "files"
DJANGO_VITE = {
    "default": {
        "dev_mode": False,
        "manifest_path": PACKAGE / "core/portal/static/portal/build/manifest.json",
        "static_url_prefix": "portal/build",
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 2**20
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "worker-src": [SELF],
        "connect-src": [SELF],
        "font-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if os.environ.get("JIANGCHENG_SECURE") == "1":
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("JIANGCHENG_LOG_LEVEL", "WARNING")},
}

OIDC = {
    "issuer": os.environ.get("JIANGCHENG_OIDC_ISSUER", ""),
    "client_id": os.environ.get("JIANGCHENG_OIDC_CLIENT_ID", ""),
    "client_secret": os.environ.get("JIANGCHENG_OIDC_CLIENT_SECRET", ""),
}
"""The OpenID provider people may log in through; none where the issuer is empty."""

EMAIL_HOST = os.environ.get("JIANGCHENG_EMAIL_HOST", "")
EMAIL_PORT = int(os.environ.get("JIANGCHENG_EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("JIANGCHENG_EMAIL_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("JIANGCHENG_EMAIL_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("JIANGCHENG_EMAIL_TLS") == "1"
EMAIL_TIMEOUT = 5
NOTIFICATIONS = {
    "site": os.environ.get("JIANGCHENG_SITE", ""),
    "email_from": os.environ.get("JIANGCHENG_EMAIL_FROM", ""),
    "sms_gateway": json.loads(os.environ.get("JIANGCHENG_SMS_GATEWAY", "{}")),
    "chat_robots": json.loads(os.environ.get("JIANGCHENG_CHAT_ROBOTS", "{}")),
    "webhook_allowed": [host for host in os.environ.get("JIANGCHENG_WEBHOOKS", "").split(",") if host],
}
"""The channels by which messages leave the house; what is not configured is shown as such, never lost."""

CREDIT_PLATFORM = json.loads(os.environ.get("JIANGCHENG_CREDIT_PLATFORM", "{}"))
"""``url`` and ``secret`` of the platform of public credit; where they are missing pushes wait."""

SECOND_FACTOR = os.environ.get("JIANGCHENG_SECOND_FACTOR", "")
"""Who needs a second factor: ``administrators``, ``all``, or nobody where empty."""

OBSERVATIONS = {
    "sealed": DATA / "sealed",
    "hot_months": 2,
}
"""Where sealed periods lie, and how many whole months stay in the hot tier."""

GATEWAY = {
    "host": os.environ.get("JIANGCHENG_GATEWAY_HOST", "127.0.0.1"),
    "port": int(os.environ.get("JIANGCHENG_GATEWAY_PORT", "9212")),
    "journal": DATA / "journal",
    "folder": os.environ.get("JIANGCHENG_WATCHED_FOLDER", ""),
    "mqtt": json.loads(os.environ.get("JIANGCHENG_MQTT", "{}")),
    "forward": json.loads(os.environ.get("JIANGCHENG_FORWARD", "[]")),
}
"""The ways in and out of measured data; ``mqtt`` and ``forward`` are described in docs/gateway.md."""

FIRMS = {
    "map_key": os.environ.get("JIANGCHENG_FIRMS_MAP_KEY", ""),
    "base": os.environ.get("JIANGCHENG_FIRMS_URL", "https://firms.modaps.eosdis.nasa.gov"),
    "area": os.environ.get("JIANGCHENG_FIRMS_AREA", "125.6,42.4,127.9,44.8"),
    "sources": os.environ.get(
        "JIANGCHENG_FIRMS_SOURCES", "VIIRS_SNPP_NRT,VIIRS_NOAA20_NRT,VIIRS_NOAA21_NRT,MODIS_NRT"
    ).split(","),
}
"""Satellite fire points; without a key nothing is asked. See docs/straw.md."""
CAMERA_PLATFORM = {
    "url": os.environ.get("JIANGCHENG_CAMERA_URL", ""),
    "secret": os.environ.get("JIANGCHENG_CAMERA_SECRET", ""),
}
"""Web hook of the platform that turns fire cameras; without one it has to ask. See docs/straw.md."""
