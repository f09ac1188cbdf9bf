"""The shared parts of views of POST requests: checking the request and adding a message with the result."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from casebook.lib.errors import RefusedError
from questions import access


def post_action(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Return the view for POST requests of users who are signed in."""
    return require_POST(access.signed_in(view))


def carry_out(request: HttpRequest, done: str, action: Callable[..., object], **arguments: object) -> bool:
    """Call the action and return whether it was accepted; add a message that it is done, or why it was refused."""
    try:
        action(**arguments)
    except RefusedError as refused:
        messages.error(request, refused.sentence)
        return False
    messages.success(request, done)
    return True
