"""What a save sends, read strictly: people cannot get these wrong, so nonsense is tampering and gets 400."""

from django.core.exceptions import BadRequest
from django.http import QueryDict

from casebook.lib.ids import LARGEST_INTEGER, is_whole_number, read_number, require_number
from questions.actions.saving import Draft

MAX_WRITER = 40


def read_save(data: QueryDict) -> Draft:
    """One answer: text, revision, writer, seq, and the hash where the page sends one."""
    if "text" not in data:
        raise BadRequest("text is missing")
    return _draft(data, "")


def read_fields(data: QueryDict) -> dict[int, Draft]:
    """The answers of a form, by the question that each field names."""
    named = [name.removeprefix("text-") for name in data if name.startswith("text-")]
    return {require_number(pk): _draft(data, f"-{pk}") for pk in named}


def read_user(data: QueryDict) -> int | None:
    """Whose page sent this, where it says so."""
    return require_number(data["user"]) if data.get("user") else None


def _draft(data: QueryDict, suffix: str) -> Draft:
    seq = read_seq(data.get(f"seq{suffix}") or "0")
    return Draft(
        text=data[f"text{suffix}"],
        revision=read_revision(data.get(f"revision{suffix}") or "0"),
        writer="" if seq is None else read_writer(data),
        seq=seq or 0,
        hash=data.get(f"hash{suffix}", ""),
        base=data.get(f"base{suffix}", ""),
    )


def read_revision(value: str) -> int:
    """The revision that a text was based on. One that no row can have is stale like any other, so the text is kept."""
    if not is_whole_number(value):
        raise BadRequest(f"{value[:20]!r} is no revision")
    number = read_number(value, most=LARGEST_INTEGER)
    return LARGEST_INTEGER if number is None else number


def read_seq(value: str) -> int | None:
    """The number that a page gave this save; None for one that no page can have reached.

    Stored, such a number would make each later save of the page an earlier one.
    """
    if not is_whole_number(value):
        raise BadRequest(f"{value[:20]!r} is no number of a save")
    return read_number(value)


def read_writer(data: QueryDict) -> str:
    writer = data.get("writer", "")[:MAX_WRITER]
    if "\0" in writer:
        raise BadRequest("a writer without NUL, please")
    return writer
