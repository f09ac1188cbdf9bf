"""Names and titles as one visible line."""

import pytest

from casebook.lib.text import has_right_to_left, isolated, read_line

LINES = {
    "decomposed": ("Zoe\u0308", "Zoë"),
    "soft hyphen": ("man\u00adtel\u00adzorg", "mantelzorg"),
    "zero-width space": ("Pet\u200bra", "Petra"),
    "mark after a zero-width space": ("e\u200b\u0301", "é"),
    "byte order mark": ("\ufeffPetra", "Petra"),
    "word joiner": ("SW\u20601A", "SW1A"),
    "direction override": ("Piet \u202enessnaJ", "Piet nessnaJ"),
    "direction isolate": ("\u2067Noor\u2069", "Noor"),
    "right-to-left mark": ("Noor\u200f", "Noor"),
    "bell": ("Noor\x07", "Noor"),
    "escape": ("\x1bNoor", "Noor"),
    "newline": ("Noor\nRahimi", "Noor Rahimi"),
    "tab and vertical tab": ("Noor\t\vRahimi", "Noor Rahimi"),
    "line separator": ("Noor\u2028Rahimi", "Noor Rahimi"),
    "no-break space": ("Noor\u00a0Rahimi ", "Noor Rahimi"),
    "spaces around what is left out": ("Noor \u200b Rahimi", "Noor Rahimi"),
    "lone surrogate": ("Noor\ud800", "Noor"),
    "tag characters": ("Noor\U000e0041", "Noor"),
    "only zero-width spaces": ("\u200b\u200b\u200b", ""),
    "only blank braille": ("\u2800", ""),
    "only the Hangul filler": ("\u3164\uffa0\u115f", ""),
    "only a mark": ("\u0301", ""),
    "only spaces": ("\u00a0\u2003", ""),
    "Arabic": ("سميرة", "سميرة"),
    "emoji": ("Sam 🦊", "Sam 🦊"),
    "apostrophe and hyphen": ("Anne-Marie d’Hondt", "Anne-Marie d’Hondt"),
    "Vietnamese": ("Nguye\u0302\u0303n", "Nguyễn"),
}


@pytest.mark.parametrize(("typed", "line"), LINES.values(), ids=LINES)
def test_each_text_becomes_one_visible_line(typed, line):
    assert read_line(typed) == line
    assert read_line(line) == line


@pytest.mark.parametrize(("name", "is_so"), [("Petra", False), ("Zoë 1", False), ("سميرة", True), ("נועה Bos", True)])
def test_a_name_from_right_to_left_is_isolated_in_a_sentence(name, is_so):
    assert has_right_to_left(name) == is_so
    assert isolated(name) == (f"\u2068{name}\u2069" if is_so else name)
