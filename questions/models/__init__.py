"""The models of questions, modules, answers and feedback, and the types derived from them."""

from questions.models.answer_states import (
    AnswerProgress,
    AnswerState,
    TooLate,
    Verdict,
    WorkState,
    why_not_take_back,
)
from questions.models.answers import (
    Answer,
    DepartedWork,
    Feedback,
    PinnedAnswer,
    SharedReading,
    Submission,
    is_written,
)
from questions.models.comments import Comment
from questions.models.invitations import CoTeacherInvitation, TeacherInvitation
from questions.models.kolb_ring import Ring, ring
from questions.models.modules import (
    Assignment,
    AssignmentQuestion,
    Enrolment,
    Extension,
    Module,
    ReadBy,
    ReadingChoices,
    Role,
    current_enrolment,
    full_title,
)
from questions.models.questions import Kolb, Question
from questions.models.versions import AnswerVersion, FeedbackVersion

__all__ = [
    "Answer",
    "AnswerProgress",
    "AnswerState",
    "AnswerVersion",
    "Assignment",
    "AssignmentQuestion",
    "Comment",
    "DepartedWork",
    "Enrolment",
    "Extension",
    "Feedback",
    "FeedbackVersion",
    "Kolb",
    "Module",
    "PinnedAnswer",
    "Question",
    "ReadBy",
    "ReadingChoices",
    "Ring",
    "Role",
    "SharedReading",
    "Submission",
    "TeacherInvitation",
    "CoTeacherInvitation",
    "TooLate",
    "Verdict",
    "WorkState",
    "current_enrolment",
    "full_title",
    "is_written",
    "ring",
    "why_not_take_back",
]
