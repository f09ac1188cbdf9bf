"""Requests and responses: headers of clients, and responses that several apps return in the same way."""

from urllib.parse import SplitResult, urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme


def read_address(text: str) -> SplitResult:
    """Return the parts of an address that a client sent, all of them empty where it is malformed."""
    try:
        return urlsplit(text)
    except ValueError:
        return SplitResult("", "", "", "", "")


def is_script(request: HttpRequest) -> bool:
    """Return whether one of our own scripts sent the request, and reads the status and the body itself.

    Not a request of htmx, which puts the response into the page; see wants_status.
    """
    return request.headers.get("X-Requested-With") == "XMLHttpRequest"


def wants_status(request: HttpRequest) -> bool:
    """Return whether a refusal is a bare status: for our scripts and for htmx, which cannot use a whole page."""
    return is_script(request) or "HX-Request" in request.headers


def redirect_back(request: HttpRequest, otherwise: str) -> HttpResponseRedirect:
    """Return a redirect to the path in the field `terug`, or to `otherwise` where it is missing or not on this site.

    Only an absolute path counts: "elsewhere.example" would be relative to the address of the form.
    """
    path = request.POST.get("terug", "")
    is_ours = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return HttpResponseRedirect(path if is_ours else otherwise)


def download(content: bytes | str, *, name: str, content_type: str) -> HttpResponse:
    """Return a response that browsers save as a file with this name, and that no cache stores."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return HttpResponse(content, content_type=content_type, headers=headers)
