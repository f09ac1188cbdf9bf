"""The comment bank: sentences that a teacher uses more than once."""

from django.utils.translation import gettext as _

from casebook.lib.errors import RefusedError
from casebook.lib.text import normalise
from questions.actions import row_limits
from questions.models import Comment, Feedback, Submission

WORTH_KEEPING = 15  # shorter is no sentence
TIMES = 3  # whoever writes the same for the third time, is offered to keep it


def keep_comment(*, owner, text: str, module=None) -> Comment:
    """Into the bank, once. With a module: for colleagues there as well. Raises RefusedError where the bank is full."""
    text = normalise(text).strip()
    comment = Comment.objects.filter(owner=owner, text=text).first() or Comment(owner=owner, text=text, module=module)
    if comment.pk is None:
        if Comment.objects.filter(owner=owner).count() >= row_limits.COMMENTS:
            said = _("Je bank is vol: er passen %(most)s zinnen in. Haal er een weg; deze zin is nog niet bewaard.")
            raise RefusedError(said % {"most": row_limits.COMMENTS})
        comment.save()
    elif module and comment.module_id is None:
        comment.module = module
        comment.save(update_fields=["module"])
    return comment


def share_comment(*, comment: Comment, module=None) -> None:
    comment.module = module
    comment.save(update_fields=["module"])


def worth_keeping(author, submission: Submission) -> str:
    """A line of this feedback that the same teacher wrote on two others before and does not keep yet; or nothing."""
    row = Feedback.objects.filter(author=author, submission=submission).first()
    lines = [line.strip() for line in row.text.splitlines()] if row else []
    lines = [line for line in lines if WORTH_KEEPING <= len(line) <= 1000]
    known = set(Comment.objects.filter(owner=author, text__in=lines).values_list("text", flat=True))
    for line in lines:
        if line in known:
            continue
        # contains is a first sieve for the database; a line is a whole line.
        texts = Feedback.objects.filter(author=author, text__contains=line).values_list("text", flat=True)[:50]
        if sum(line in {each.strip() for each in text.splitlines()} for text in texts) >= TIMES:
            return line
    return ""
