"""Template filters that turn text of users into HTML."""

from django import template

from cases.library.markdown import Rendered, render, site_of
from questions.models import Ring
from questions.models import ring as draw_ring

register = template.Library()


@register.filter
def markdown(text: str) -> Rendered:
    """Return the HTML and the headings of a text: {% with story=case.body|markdown %}{{ story.html }}."""
    return render(text)


@register.filter
def markdown_line(text: str) -> str:
    """Return the HTML of a question or a reference, without a paragraph around it."""
    return render(text, inline=True).html


@register.filter
def site(url: str) -> str:
    """Return the host of an address without www; empty for what is no address of the web, which no page links to."""
    return site_of(url).removeprefix("www.")


@register.filter
def ring(counts: dict[str, int]) -> Ring:
    """Return the ring of these counts: {% with ring=counts|ring %}{% include "cases/_ring.html" %}{% endwith %}."""
    return draw_ring(counts)
