"""Template filters that turn what people wrote into HTML."""

from django import template

from cases.library.markdown import Rendered, render, site_of
from questions.models import Ring
from questions.models import ring as draw_ring

register = template.Library()


@register.filter
def markdown(text: str) -> Rendered:
    """{% with story=case.body|markdown %}{{ story.html }} … {{ story.headings }}"""
    return render(text)


@register.filter
def markdown_line(text: str) -> str:
    """A question or a reference: no paragraph around it."""
    return render(text, inline=True).html


@register.filter
def site(url: str) -> str:
    """The site that an address leads to, as people call it: «socialevraagstukken.nl». Empty for what is no address of
    the web: no page makes a link of that."""
    return site_of(url).removeprefix("www.")


@register.filter
def ring(counts: dict[str, int]) -> Ring:
    """{% with ring=counts|ring %}{% include "cases/_ring.html" %}{% endwith %}: how many there are of each bril."""
    return draw_ring(counts)
