"""The settings, read from the environment. README.md has the table of variables."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from casebook import middleware
from casebook.lib import env

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("VAR_DIR", BASE_DIR / "var"))
DEBUG = env.flag("DEBUG")
SITE_URL = env.site_url(DEBUG)
SECURE = SITE_URL.startswith("https://")
DEMO = env.demonstration(SITE_URL)
OFFLINE_PAGE = env.flag("OFFLINE_PAGE", default=True)
SECRET_KEY = env.secret_key(VAR_DIR / "secret-key")

_host = urlsplit(SITE_URL).hostname
ALLOWED_HOSTS = [_host, "127.0.0.1", "localhost", "[::1]"] if env.is_loopback(_host) else [_host]
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    "allauth.account",  # first, so that casebook/admin.py can remove its models from the admin
    "casebook",
    "cases",
    "questions",
    "casebook.admin_site.CasebookAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "django.forms",  # its templates, of which templates/django/forms/ replaces some
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "casebook.middleware.safe_headers",
    "casebook.middleware.shorten_redirects",
    "casebook.middleware.RemoveNul",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "casebook.middleware.user_cookie",
    "casebook.accounts.known_browsers.remember",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "casebook.unsent_forms.ReturnForms",
]

ROOT_URLCONF = "casebook.urls"
WSGI_APPLICATION = "casebook.wsgi.application"
# The site is at the root of its host (SITE_URL has no path). Without this, links begin with the header SCRIPT_NAME of a
# request, also in cached pages.
FORCE_SCRIPT_NAME = ""

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": dj_database_url.config(default=f"sqlite:///{VAR_DIR / 'casebook.sqlite3'}", conn_max_age=60),
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    env.local_folder(Path(DATABASES["default"]["NAME"]))
    # A response that was acknowledged survives a power cut (FULL), and writers queue instead of failing (IMMEDIATE).
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # Deleted data is overwritten, whatever the default of the build of SQLite is.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",
    }
elif DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must be sqlite:///… or postgres://…; the site is tested on these two.")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The same for every process. A migration creates its table.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    },
    # For cases.library.page_cache, in the memory of each process. A page takes about 10 kB there, a part up to 50 kB.
    "pages": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "pages",
        "TIMEOUT": None,
        "OPTIONS": {"MAX_ENTRIES": 400},
    },
    "page_parts": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "page-parts",
        "TIMEOUT": None,
        "OPTIONS": {"MAX_ENTRIES": 400},
    },
}

AUTH_USER_MODEL = "casebook.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# allauth's backend is Django's own that also finds users by address, so the admin needs no other; ours also ends the
# sessions of users who asked for deletion.
AUTHENTICATION_BACKENDS = ["casebook.accounts.backends.Backend"]
LOGIN_URL, LOGIN_REDIRECT_URL, LOGOUT_REDIRECT_URL = "account_login", "home", "home"
CSRF_FAILURE_VIEW = "casebook.error_views.csrf_failure"
# Room for a story that is far too long: its form shows an error, with the text still in it (cases/admin/inlines.py).
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 600  # more than 500, for which an import has its own error (cases/files/archives.py)

SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = 60 * 60 * 24 * 60  # for «onthoud mij op dit apparaat»: a term with its holidays

_mail = env.email_url(sender=env.sender_of(_host))
HAS_MAIL = _mail is not None
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if HAS_MAIL else 'console'}.EmailBackend"
EMAIL_TIMEOUT = 10
if _mail is not None:
    EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.host, _mail.port, _mail.user, _mail.password
    EMAIL_USE_TLS, EMAIL_USE_SSL, DEFAULT_FROM_EMAIL = _mail.use_tls, _mail.use_ssl, _mail.sender
PASSWORD_RESET_TIMEOUT = 60 * 60 * 24 * 3

# No proof of the address is required: there can be no mail to prove it with, and a class that starts cannot wait for
# one. So an address by itself gives no rights; a link does (teacher_invitations.py and co_teacher_invitations.py in
# questions/actions).
ACCOUNT_ADAPTER = "casebook.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"
ACCOUNT_LOGIN_BY_CODE_ENABLED = HAS_MAIL
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 60 * 15  # school mail can be slow
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_FORMS = {
    "login": "casebook.accounts.forms.SignInForm",
    "signup": "casebook.accounts.forms.SignUpForm",
    "reset_password": "casebook.accounts.forms.AskResetForm",
    "reset_password_from_key": "casebook.accounts.forms.ResetForm",
    "change_password": "casebook.accounts.forms.ChangePasswordForm",
    "set_password": "casebook.accounts.forms.SetPasswordForm",
    "request_login_code": "casebook.accounts.forms.AskCodeForm",
    "confirm_login_code": "casebook.accounts.forms.CodeForm",
}
# All limits are counted in lib/ratelimit.py; allauth counts none.
ACCOUNT_RATE_LIMITS = dict.fromkeys(
    (
        "login",
        "login_failed",
        "signup",
        "request_login_code",
        "reset_password",
        "reset_password_from_key",
        "change_password",
    )
)
TRUSTED_PROXIES = env.trusted_proxies()

LANGUAGE_CODE = "nl"
LANGUAGES = [("nl", "Nederlands")]
TIME_ZONE = "Europe/Amsterdam"
USE_I18N = True
USE_TZ = True
LOCALE_PATHS = [BASE_DIR / "casebook" / "locale"]

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_ADD_HEADERS_FUNCTION = middleware.add_to_static_files
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "casebook.staticfiles.CollectedFiles"
    },
}

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 31536000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE and TRUSTED_PROXIES else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"without_secrets": {"()": "casebook.lib.logs.WithoutSecrets"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "filters": ["without_secrets"]}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"waitress.queue": {"level": "ERROR"}},  # logs each request that waits for a thread
}
