"""Addresses of modules, assignments, answers and feedback. They are in Dutch and must not change."""

from django.urls import URLPattern, path

from questions.views import (
    assignment_desk,
    assignments,
    co_teachers,
    comment_bank,
    feedback_desk,
    handed_in,
    join_codes,
    modules,
    overview,
    portfolio,
    progress,
)

app_name = "questions"

# The assignment desk of students
student_urls: list[URLPattern] = [
    path("vragen/<id:pk>/antwoord/", assignment_desk.save_answer, name="save_answer"),
    path("vragen/antwoorden/", assignment_desk.save_answers, name="save_answers"),
    path("opdrachten/<id:pk>/", assignment_desk.assignment, name="assignment"),
    path("opdrachten/<id:pk>/als-student/", assignment_desk.assignment_as_student, name="assignment_as_student"),
    path("opdrachten/<id:pk>/inleveren/", assignment_desk.hand_in, name="hand_in"),
    path("opdrachten/<id:pk>/terugnemen/", assignment_desk.take_back, name="take_back"),
    path("opdrachten/<id:pk>/overnemen/", assignment_desk.adopt, name="adopt"),
    path("opdrachten/<id:pk>/gedeeld/", assignment_desk.shared, name="shared"),
]

# Modules, join codes, assignments and progress
teacher_urls: list[URLPattern] = [
    path("meedoen/", join_codes.join_by_code, name="join_by_code"),
    path("meedoen/<str:code>/", join_codes.join, name="join"),
    path("modules/", modules.modules, name="modules"),
    path("modules/nieuw/", modules.module_new, name="module_new"),
    path("modules/kiezen/", assignments.case_to_assign, name="case_to_assign"),
    path("modules/<id:pk>/", modules.module, name="module"),
    path("modules/<id:pk>/als-student/", modules.module_as_student, name="module_as_student"),
    path("modules/<id:pk>/bewerken/", modules.module_edit, name="module_edit"),
    path("modules/<id:pk>/scherm/", modules.module_screen, name="module_screen"),
    path("modules/<id:pk>/kopie/", modules.module_copy, name="module_copy"),
    path("modules/<id:pk>/code/", modules.module_code, name="module_code"),
    path("modules/<id:pk>/code/sluiting/", modules.module_code_closing, name="module_code_closing"),
    path("modules/<id:pk>/archief/", modules.module_archive, name="module_archive"),
    path("modules/<id:pk>/terugkeer/", modules.module_return, name="module_return"),
    path("modules/<id:pk>/verwijdering/", modules.module_deletion, name="module_deletion"),
    path("modules/<id:pk>/voortgang/", progress.progress, name="progress"),
    path("modules/<id:pk>/voortgang/wijzigingen/", progress.changes, name="progress_changes"),
    path("modules/<id:pk>/voortgang/export.xlsx", progress.progress_xlsx, name="progress_xlsx"),
    path("modules/<id:pk>/voortgang/export.csv", progress.progress_csv, name="progress_csv"),
    path("modules/<id:pk>/voortgang/<slug:tag>/<id:asked>/", progress.answer, name="progress_answer"),
    path("modules/<id:pk>/leeswijze/", progress.reading_choices, name="reading_choices"),
    path("modules/<id:pk>/docenten/", co_teachers.module_teachers, name="module_teachers"),
    path(
        "modules/<id:pk>/docenten/<id:invitation>/intrekking/",
        co_teachers.co_teacher_withdrawal,
        name="co_teacher_withdrawal",
    ),
    path("uitnodiging/collega/<str:token>/", co_teachers.co_teacher, name="co_teacher"),
    path("modules/<id:pk>/mensen/<slug:tag>/", modules.module_person, name="module_person"),
    path("modules/<id:pk>/mensen/<slug:tag>/klas/", modules.person_group, name="person_group"),
    path("modules/<id:pk>/mensen/<slug:tag>/vertrek/", modules.person_departure, name="person_departure"),
    path("modules/<id:pk>/mensen/<slug:tag>/terugkeer/", modules.person_return, name="person_return"),
    path("modules/<id:pk>/opdrachten/nieuw/", assignments.assignment_new, name="assignment_new"),
    path("opdrachten/<id:pk>/bewerken/", assignments.assignment_edit, name="assignment_edit"),
    path("opdrachten/<id:pk>/overzicht/", overview.overview, name="overview"),
    path("opdrachten/<id:pk>/overzicht/scherm/", overview.overview_screen, name="overview_screen"),
    path("ingeleverd/<id:pk>/vastzetten/", overview.pin_answer, name="pin_answer"),
    path("opdrachten/<id:pk>/niet-begonnen/", assignments.assignment_not_begun, name="not_begun"),
    path("opdrachten/<id:pk>/editie/", assignments.assignment_edition, name="assignment_edition"),
    path("opdrachten/<id:pk>/plaats/", assignments.assignment_place, name="assignment_place"),
    path("opdrachten/<id:pk>/sluiting/", assignments.assignment_closing, name="assignment_closing"),
    path("opdrachten/<id:pk>/heropening/", assignments.assignment_reopening, name="assignment_reopening"),
    path("opdrachten/<id:pk>/verwijdering/", assignments.assignment_deletion, name="assignment_deletion"),
    path("opdrachten/<id:pk>/uitstel/", assignments.assignment_extensions, name="assignment_extensions"),
    path(
        "opdrachten/<id:pk>/uitstel/<slug:tag>/intrekking/",
        assignments.extension_withdrawal,
        name="extension_withdrawal",
    ),
]

# Feedback and the comment bank
feedback_urls: list[URLPattern] = [
    path("opdrachten/<id:pk>/feedback/", feedback_desk.assignment_feedback, name="assignment_feedback"),
    path("opdrachten/<id:pk>/feedback/nu/", feedback_desk.feedback_now, name="feedback_now"),
    path("opdrachten/<id:pk>/feedback/keuze/", feedback_desk.mark_selection, name="mark_selection"),
    path("opdrachten/<id:pk>/feedback/ongedaan/", feedback_desk.undo_selection, name="undo_selection"),
    path("opdrachten/<id:pk>/feedback/vrijgave/", feedback_desk.release_feedback, name="release_feedback"),
    path("opdrachten/<id:pk>/feedback/vrijgave/ongedaan/", feedback_desk.undo_release, name="undo_release"),
    path("opdrachten/<id:pk>/verhaal/", feedback_desk.assignment_story, name="assignment_story"),
    path("ingeleverd/<id:pk>/wijzigingen/", feedback_desk.submission_changes, name="submission_changes"),
    path("ingeleverd/<id:pk>/feedback/", feedback_desk.save_feedback, name="save_feedback"),
    path("ingeleverd/<id:pk>/feedback/ongedaan/", feedback_desk.undo_feedback, name="undo_feedback"),
    path("ingeleverd/", handed_in.handed_in, name="handed_in"),
    path("zinnen/", comment_bank.comments, name="comments"),
    path("zinnen/<id:pk>/delen/", comment_bank.comment_sharing, name="comment_sharing"),
    path("zinnen/<id:pk>/verwijdering/", comment_bank.comment_deletion, name="comment_deletion"),
]

# The portfolio
portfolio_urls: list[URLPattern] = [
    path("antwoorden/", portfolio.answers, name="answers"),
    path("antwoorden/export.docx", portfolio.answers_docx, name="answers_docx"),
    path("antwoorden/export.json", portfolio.answers_json, name="answers_json"),
    path("antwoorden/gezien/", portfolio.feedback_seen, name="feedback_seen"),
    path("antwoorden/feedback/<id:pk>/verder/", portfolio.feedback_taken_up, name="feedback_taken_up"),
    path("antwoorden/<id:pk>/versies/", portfolio.versions, name="answer_versions"),
]

urlpatterns = [*student_urls, *teacher_urls, *feedback_urls, *portfolio_urls]
