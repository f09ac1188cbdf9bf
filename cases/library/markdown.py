"""The one place where text that people wrote becomes HTML."""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from urllib.parse import SplitResult, urlsplit

import nh3
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt

ALLOWED_TAGS = {"a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "strong", "ul"}
ALLOWED_ATTRIBUTES = {"a": {"href"}, "h2": {"id"}, "h3": {"id"}, "h4": {"id"}}

_markdown = MarkdownIt("commonmark", {"html": False}).disable("image")
_outer_paragraph = re.compile(r"\A<p>(.*)</p>\n?\Z", re.DOTALL)


@dataclass(frozen=True)
class Heading:
    id: str
    text: str


@dataclass(frozen=True)
class Rendered:
    html: SafeString
    headings: tuple[Heading, ...]


@lru_cache(maxsize=2048)
def render(text: str, *, inline: bool = False) -> Rendered:
    """Markdown as safe HTML, as render_uncached makes it. For the texts of readers' pages, which seldom change."""
    return render_uncached(text, inline=inline)


def render_uncached(text: str, *, inline: bool = False) -> Rendered:
    """Markdown as safe HTML, by allow-list, with the subheads one level up and each with an id.

    In a file subheads are ###, since ## divides it; on the page they stand right under the title, as h2. Inline leaves
    out the paragraph around a single paragraph. Images and raw HTML never come through.
    """
    tokens = _markdown.parse(text)
    headings: list[Heading] = []
    numbers: dict[str, int] = {}
    for token, following in zip_longest(tokens, tokens[1:]):
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(4, max(2, int(token.tag[1]) - 1))}"
        if token.type == "heading_open":
            heading = Heading(_id_for(following.content, numbers), _plain(following))
            token.attrSet("id", heading.id)
            headings.append(heading)
    html = nh3.clean(
        _markdown.renderer.render(tokens, _markdown.options, {}),
        tags=ALLOWED_TAGS,
        attributes=ALLOWED_ATTRIBUTES,
        attribute_filter=_allowed,
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer",
    )
    single = _outer_paragraph.match(html) if inline else None
    if single and "<p>" not in single[1]:
        html = single[1]
    return Rendered(mark_safe(html), tuple(headings))


def _allowed(tag: str, name: str, value: str) -> str | None:
    if name == "href" and not (site_of(value) or _is_on_this_site(value)):
        return None
    return value if name in ALLOWED_ATTRIBUTES.get(tag, ()) or name == "rel" else None


def site_of(url: str) -> str:
    """The host of an address of the web; empty for anything else, whatever a browser might make of that."""
    parts = _split(url)
    return (parts.hostname or "") if parts and parts.scheme in {"http", "https"} else ""


def _is_on_this_site(url: str) -> bool:
    parts = _split(url)
    return parts is not None and not parts.scheme and not parts.netloc and "\\" not in url


def _split(url: str) -> SplitResult | None:
    """Its parts; None for what cannot be read, or has characters that a browser leaves out before it reads it."""
    if any(letter <= " " for letter in url):
        return None
    try:
        return urlsplit(url)
    except ValueError:
        return None


def plain_text(text: str) -> str:
    """Markdown as plain words: what search reads and snippets show."""
    blocks = (_plain(token) for token in _markdown.parse(text) if token.type in {"inline", "fence", "code_block"})
    return "\n".join(blocks)


def _plain(token) -> str:
    if not token.children:
        return token.content
    return "".join(" " if "break" in child.type else child.content for child in token.children)


def _id_for(text: str, numbers: dict[str, int]) -> str:
    """An id that no other part of the page has: questions are #vraag-…, sections one word of their own.

    `numbers` has for each id that was given how far its numbering has come, so that many equal subheads take no time.
    """
    base = id = f"kop-{slugify(text) or 'zonder-naam'}"
    while id in numbers:
        numbers[base] += 1
        id = f"{base}-{numbers[base]}"
    numbers[id] = 1
    return id
