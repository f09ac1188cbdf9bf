"""What a save sends, read strictly: people cannot get these wrong, so nonsense is tampering and gets 400."""

from django.core.exceptions import BadRequest
from django.http import QueryDict

from questions.saving import Draft

MAX_WRITER = 40
MAX_REVISION = 2**31 - 1  # what PostgreSQL holds


def read_save(data: QueryDict) -> Draft:
    """One answer: text, revision, writer, seq, and the hash where the page sends one."""
    if "text" not in data:
        raise BadRequest("text is missing")
    return _draft(data, "")


def read_fields(data: QueryDict) -> dict[int, Draft]:
    """The answers of a form, by the question that each field names."""
    named = [name.removeprefix("text-") for name in data if name.startswith("text-")]
    return {read_number(pk): _draft(data, f"-{pk}") for pk in named}


def read_user(data: QueryDict) -> int | None:
    """Whose page sent this, where it says so."""
    return read_number(data["user"]) if data.get("user") else None


def _draft(data: QueryDict, suffix: str) -> Draft:
    return Draft(
        text=data[f"text{suffix}"],
        revision=read_revision(data.get(f"revision{suffix}") or "0"),
        writer=read_writer(data),
        seq=read_number(data.get(f"seq{suffix}") or "0"),
        hash=data.get(f"hash{suffix}", ""),
        base=data.get(f"base{suffix}", ""),
    )


def read_revision(value: str) -> int:
    number = read_number(value)
    if number > MAX_REVISION:
        raise BadRequest(f"{number} is no revision")
    return number


def read_writer(data: QueryDict) -> str:
    writer = data.get("writer", "")[:MAX_WRITER]
    if "\0" in writer:
        raise BadRequest("a writer without NUL, please")
    return writer


def read_number(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 15):
        raise BadRequest(f"{value[:20]!r} is no number")
    return int(value)
