"""Forms that make something make it once, although a browser can send the same form twice.

A form has a random key ({% request_key %}). The first request with this key and these values is handled; another one,
at the same moment or later, gets the same redirect and makes nothing. With other values it is another request, so that
nothing is lost of a form that was sent again after Back and a change.
"""

import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from hashlib import sha256

from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

FIELD = "request_key"
KEY = re.compile("[0-9a-f]{32}")
REMEMBERED_FOR = timedelta(days=2)
NOT_COMPARED = {"csrfmiddlewaretoken"}

View = Callable[..., HttpResponse]


def new_key() -> str:
    """Return the key of a form that is shown."""
    return secrets.token_hex(16)


def once(view: View) -> View:
    """Return the view for users who are signed in, in which a form that is sent twice has an effect once.

    A view that redirects has made something; after another response the same form can be sent again.
    """

    @wraps(view)
    def handle(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not KEY.fullmatch(request.POST.get(FIELD, "")):
            return view(request, *args, **kwargs)
        key = _hash_of(request)
        with transaction.atomic():  # a second request waits here until the first one is committed
            if (location := _claim(key)) is not None:
                return HttpResponseRedirect(location)
            response = view(request, *args, **kwargs)
            if isinstance(response, HttpResponseRedirect):
                _rows().filter(key=key).update(location=response.url)
            else:
                _rows().filter(key=key).delete()
        return response

    return handle


def tidy() -> None:
    """Delete the keys of forms that no browser sends a second time any more."""
    _rows().filter(created_at__lt=timezone.now() - REMEMBERED_FOR).delete()


def _claim(key: str) -> str | None:
    """Store the key and return None; or return where the request went that had it first."""
    try:
        with transaction.atomic():
            _rows().create(key=key)
    except IntegrityError:
        return str(_rows().values_list("location", flat=True).get(key=key))
    return None


def _hash_of(request: HttpRequest) -> str:
    """Return a hash of the user, the address and all values that were sent."""
    sent = sorted((name, values) for name, values in request.POST.lists() if name not in NOT_COMPARED)
    return sha256(repr((request.user.pk, request.get_full_path(), sent)).encode()).hexdigest()


def _rows() -> QuerySet:
    return apps.get_model("casebook", "SentForm").objects.all()
