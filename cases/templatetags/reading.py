"""Template filters that turn what people wrote into HTML."""

from django import template

from cases.rendering import Rendered, render

register = template.Library()


@register.filter
def markdown(text: str) -> Rendered:
    """{% with story=case.body|markdown %}{{ story.html }} … {{ story.headings }}"""
    return render(text)


@register.filter
def markdown_line(text: str) -> str:
    """A question or a reference: no paragraph around it."""
    return render(text, inline=True).html
