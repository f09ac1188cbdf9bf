from questions.models.answering import (
    Answer,
    AnswerState,
    AnswerVersion,
    DepartedWork,
    Feedback,
    SharedReading,
    Submission,
    Verdict,
)
from questions.models.asking import Kolb, Question
from questions.models.rings import Ring, ring
from questions.models.teaching import (
    Assignment,
    AssignmentQuestion,
    Enrolment,
    Extension,
    Module,
    Role,
    TeacherInvitation,
)

__all__ = [
    "Answer",
    "AnswerState",
    "AnswerVersion",
    "Assignment",
    "AssignmentQuestion",
    "DepartedWork",
    "Enrolment",
    "Extension",
    "Feedback",
    "Kolb",
    "Module",
    "Question",
    "Ring",
    "Role",
    "SharedReading",
    "Submission",
    "TeacherInvitation",
    "Verdict",
    "ring",
]
