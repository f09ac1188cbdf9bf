"""Links that say where on the site a page is.

{% crumbs modules_url _("Modules") module.get_absolute_url module.full_title %}   the pages above this one
<a href="{{ answers_url }}"{% aria_current answers_url %}>                  the link to this very page
<a href="{{ catalogue_url }}{% query q=text %}">                            ?q=..., or nothing without a text
<div class="module{% within app.app_url " current-app" %}">                 a text where the page is under an address
"""

from urllib.parse import quote

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def crumbs(*links: object) -> SafeString:
    """Return the links to the pages above this one: an address, its name, the next address, its name.

    A page without an address is left out.
    """
    stroke = format_html('<span aria-hidden="{}">/</span>', "true")
    pairs = [(address, name) for address, name in zip(links[::2], links[1::2], strict=True) if address]
    return format_html('<p class="row small crumbs">{}</p>', format_html_join(stroke, '<a href="{}">{}</a>', pairs))


@register.simple_tag(takes_context=True)
def aria_current(context: Context, address: str, app_name: str = "") -> SafeString:
    """Return the attribute for a link to the page itself, or to the app that the page is in; else nothing."""
    request = context.get("request")
    if request is None:
        return SafeString()
    if request.path == address:
        return format_html(' aria-current="{}"', "page")
    is_in_app = bool(app_name) and getattr(request.resolver_match, "app_name", None) == app_name
    return format_html(' aria-current="{}"', "true") if is_in_app else SafeString()


@register.simple_tag(takes_context=True)
def within(context: Context, address: str | None, text: str) -> str:
    """Return the text where the address of this page has that address in it, as Django's admin compares them."""
    request = context.get("request")
    return text if address and request is not None and address in quote(request.path) else ""


@register.simple_tag(takes_context=True)
def sign_in_url(context: Context) -> str:
    """Return the address to sign in at. It returns to this page, unless that is about accounts or received a form."""
    address, request = reverse("account_login"), context.get("request")
    if request is None or request.method != "GET":
        return address
    if (getattr(request.resolver_match, "url_name", None) or "").startswith("account_"):
        return address
    return f"{address}?next={quote(request.get_full_path(), safe='/')}"


@register.simple_tag
def link_about(name: str) -> SafeString:
    """Return what a link is about, for users who hear it without the text around it; nothing without a name."""
    return format_html('<span class="sr">{}: </span>', name) if name else SafeString()


@register.simple_tag
def link_if(address: str, text: str) -> str:
    """Return a link with this text, or the text alone where there is no address."""
    return format_html('<a href="{}">{}</a>', address, text) if address else text


@register.simple_tag
def query(**parameters: object) -> str:
    """Return the query of an address with the parameters that have a value; nothing where none has."""
    pairs = [f"{name}={quote(str(value), safe='/')}" for name, value in parameters.items() if value]
    return f"?{'&'.join(pairs)}" if pairs else ""
