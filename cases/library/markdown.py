"""Markdown to safe HTML. No other module turns text that users wrote into HTML."""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from urllib.parse import SplitResult, urlsplit

import nh3
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, list_block
from markdown_it.token import Token

ALLOWED_TAGS = {"a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "strong", "ul"}
ALLOWED_ATTRIBUTES = {"a": {"href"}, "h2": {"id"}, "h3": {"id"}, "h4": {"id"}, "ol": {"start"}}

_year = re.compile(r"[0-9]{4,9}[.)]")


def _list_block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """Parse a list, as CommonMark does, but not where a year begins a sentence: «1986. Zij verhuist.»."""
    if _year.match(state.src, state.bMarks[start_line] + state.tShift[start_line]):
        return False
    return list_block(state, start_line, end_line, silent)


_markdown = MarkdownIt("commonmark", {"html": False}).disable("image")
_markdown.block.ruler.at("list", _list_block, {"alt": ["paragraph", "reference", "blockquote"]})
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
    """Return Markdown as safe HTML, cached. For the texts of readers' pages, which seldom change."""
    return render_uncached(text, inline=inline)


def render_uncached(text: str, *, inline: bool = False) -> Rendered:
    """Return Markdown as safe HTML, by allow-list, with the subheads one level higher and each with an id.

    In a case file subheads are ###, since ## divides it; on the page they are h2, right under the title. `inline`
    leaves out the paragraph around a single paragraph. Images and raw HTML are always removed.
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
    """Return the host of an address of the web; empty for any other text, even if a browser would open it."""
    parts = _split(url)
    return (parts.hostname or "") if parts and parts.scheme in {"http", "https"} else ""


def _is_on_this_site(url: str) -> bool:
    parts = _split(url)
    return parts is not None and not parts.scheme and not parts.netloc and "\\" not in url


def _split(url: str) -> SplitResult | None:
    """Return the parts of an address; None where it is invalid or has characters that browsers ignore."""
    if any(letter <= " " for letter in url):
        return None
    try:
        return urlsplit(url)
    except ValueError:
        return None


def plain_text(text: str) -> str:
    """Return Markdown as plain text, for search and snippets."""
    blocks = (_plain(token) for token in _markdown.parse(text) if token.type in {"inline", "fence", "code_block"})
    return "\n".join(blocks)


def _plain(token: Token) -> str:
    if not token.children:
        return token.content
    return "".join(" " if "break" in child.type else child.content for child in token.children)


def _id_for(text: str, numbers: dict[str, int]) -> str:
    """Return an id that is unique in the page: questions have #vraag-…, sections have a single word.

    `numbers` has the last number for each id that was used, so that many equal subheads take no time.
    """
    base = id = f"kop-{slugify(text) or 'zonder-naam'}"
    while id in numbers:
        numbers[base] += 1
        id = f"{base}-{numbers[base]}"
    numbers[id] = 1
    return id
