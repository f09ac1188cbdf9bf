"""Data blocks with structured data, for search engines and for programs that collect learning materials."""

import json
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

ESCAPES = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}  # those of Django's json_script


def json_ld(data: dict[str, Any]) -> SafeString:
    """Return this data as a block of JSON-LD, in which no text can end the element."""
    text = json.dumps({"@context": "https://schema.org", **data}, ensure_ascii=False).translate(ESCAPES)
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(text))
