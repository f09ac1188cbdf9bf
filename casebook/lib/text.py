"""Short texts that a client sent."""


def read_line(text: str) -> str:
    """What a field says in one line: NUL is left out, which PostgreSQL cannot store or look for, and so are spaces at
    both ends and in rows."""
    return " ".join(text.replace("\0", "").split())
