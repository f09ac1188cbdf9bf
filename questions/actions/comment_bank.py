"""Adding to and sharing the comment bank: sentences that a teacher uses more than once."""

from django.utils.translation import gettext as _

from casebook.lib.errors import RefusedError
from casebook.lib.text import normalise
from casebook.models import User
from questions.actions import row_limits
from questions.models import Comment, Feedback, Module, Submission

SHORTEST = 15  # characters; a shorter line is not offered
TIMES = 3  # a teacher who writes the same line for the third time is offered to add it


def save_comment(*, owner: User, text: str, module: Module | None = None) -> Comment:
    """Add a comment to the bank unless it is there; share it with colleagues if there is a module.

    Raises RefusedError if the bank is full.
    """
    text = normalise(text).strip()
    comment = Comment.objects.filter(owner=owner, text=text).first() or Comment(owner=owner, text=text, module=module)
    if comment.pk is None:
        if Comment.objects.filter(owner=owner).count() >= row_limits.COMMENTS:
            message = _("Je bank is vol: er passen %(most)s zinnen in. Haal er een weg; deze zin is nog niet bewaard.")
            raise RefusedError(message % {"most": row_limits.COMMENTS})
        comment.save()
    elif module and comment.module_id is None:
        comment.module = module
        comment.save(update_fields=["module"])
    return comment


def share_comment(*, comment: Comment, module: Module | None = None) -> None:
    """Share a comment with the teachers of a module, or with nobody if there is no module."""
    comment.module = module
    comment.save(update_fields=["module"])


def comment_to_offer(author: User, submission: Submission) -> str:
    """Return a line of this feedback that its author used twice before and that is not in the bank, or ""."""
    row = Feedback.objects.filter(author=author, submission=submission).first()
    lines = [line.strip() for line in row.text.splitlines()] if row else []
    lines = [line for line in lines if SHORTEST <= len(line) <= 1000]
    known = set(Comment.objects.filter(owner=author, text__in=lines).values_list("text", flat=True))
    for line in lines:
        if line in known:
            continue
        # The lookup only narrows the rows down: it also matches parts of lines.
        texts = Feedback.objects.filter(author=author, text__contains=line).values_list("text", flat=True)[:50]
        if sum(line in {other.strip() for other in text.splitlines()} for text in texts) >= TIMES:
            return line
    return ""
