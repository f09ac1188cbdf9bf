"""Reading the data of a save. Our pages send no wrong values, so a wrong value raises BadRequest."""

from django.core.exceptions import BadRequest
from django.http import QueryDict

from casebook.lib.ids import LARGEST_INTEGER, is_whole_number, read_number, require_number
from questions.actions.saving import Draft

MAX_WRITER = 40


def read_save(data: QueryDict) -> Draft:
    """Return the draft of one answer: text, revision, writer, seq, and the hashes if the page sends them."""
    if "text" not in data:
        raise BadRequest("text is missing")
    return _draft(data, "")


def read_fields(data: QueryDict) -> dict[int, Draft]:
    """Return the drafts of a form with several answers, by the id of the question."""
    named = [name.removeprefix("text-") for name in data if name.startswith("text-")]
    return {require_number(pk): _draft(data, f"-{pk}") for pk in named}


def read_user(data: QueryDict) -> int | None:
    """Return the id of the user who opened the page, or None if the form does not have it."""
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
    """Return the revision that a text was based on. A number that is too high counts as stale, so no text is lost."""
    if not is_whole_number(value):
        raise BadRequest(f"{value[:20]!r} is no revision")
    number = read_number(value, most=LARGEST_INTEGER)
    return LARGEST_INTEGER if number is None else number


def read_seq(value: str) -> int | None:
    """Return the number that a page gave this save, or None for a number that no page can have reached.

    If such a number were stored, every later save of the page would count as an earlier one.
    """
    if not is_whole_number(value):
        raise BadRequest(f"{value[:20]!r} is no number of a save")
    return read_number(value)


def read_writer(data: QueryDict) -> str:
    """Return the name of the page that sent this, or an empty text."""
    writer = data.get("writer", "")[:MAX_WRITER]
    if "\0" in writer:
        raise BadRequest("a writer without NUL, please")
    return writer
