"""What a request says in its headers."""

from urllib.parse import SplitResult, urlsplit


def read_address(text: str) -> SplitResult:
    """The parts of an address that a client sent, all of them empty where it is none."""
    try:
        return urlsplit(text)
    except ValueError:
        return SplitResult("", "", "", "", "")
