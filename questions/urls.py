"""Addresses of asking, answering and reviewing. Dutch, noun first; fixed in the design."""

from django.urls import URLPattern, path

from questions.views import (
    assignments,
    colleagues,
    comments,
    joining,
    portfolio,
    progress,
    reviewing,
    showing,
    student,
    teacher,
)

app_name = "questions"

# What students do with an assignment: questions/views/student.py
student_urls: list[URLPattern] = [
    path("vragen/<id:pk>/antwoord/", student.save_answer, name="save_answer"),
    path("vragen/antwoorden/", student.save_answers, name="save_answers"),
    path("opdrachten/<id:pk>/", student.assignment, name="assignment"),
    path("opdrachten/<id:pk>/als-student/", student.assignment_as_student, name="assignment_as_student"),
    path("opdrachten/<id:pk>/inleveren/", student.hand_in, name="hand_in"),
    path("opdrachten/<id:pk>/terugnemen/", student.take_back, name="take_back"),
    path("opdrachten/<id:pk>/overnemen/", student.adopt, name="adopt"),
    path("opdrachten/<id:pk>/gedeeld/", student.shared, name="shared"),
]

# Modules, joining, assigning, reading what was handed in: questions/views/{teacher,joining,assignments}.py
teacher_urls: list[URLPattern] = [
    path("meedoen/", joining.join_by_code, name="join_by_code"),
    path("meedoen/<str:code>/", joining.join, name="join"),
    path("modules/", teacher.modules, name="modules"),
    path("modules/nieuw/", teacher.module_new, name="module_new"),
    path("modules/kiezen/", assignments.case_to_assign, name="case_to_assign"),
    path("modules/<id:pk>/", teacher.module, name="module"),
    path("modules/<id:pk>/als-student/", teacher.module_as_student, name="module_as_student"),
    path("modules/<id:pk>/bewerken/", teacher.module_edit, name="module_edit"),
    path("modules/<id:pk>/scherm/", teacher.module_screen, name="module_screen"),
    path("modules/<id:pk>/kopie/", teacher.module_copy, name="module_copy"),
    path("modules/<id:pk>/code/", teacher.module_code, name="module_code"),
    path("modules/<id:pk>/code/sluiting/", teacher.module_code_closing, name="module_code_closing"),
    path("modules/<id:pk>/archief/", teacher.module_archive, name="module_archive"),
    path("modules/<id:pk>/terugkeer/", teacher.module_return, name="module_return"),
    path("modules/<id:pk>/verwijdering/", teacher.module_deletion, name="module_deletion"),
    path("modules/<id:pk>/voortgang/", progress.progress, name="progress"),
    path("modules/<id:pk>/voortgang/wijzigingen/", progress.changes, name="progress_changes"),
    path("modules/<id:pk>/voortgang/export.xlsx", progress.progress_xlsx, name="progress_xlsx"),
    path("modules/<id:pk>/voortgang/export.csv", progress.progress_csv, name="progress_csv"),
    path("modules/<id:pk>/voortgang/<slug:tag>/<id:asked>/", progress.answer, name="progress_answer"),
    path("modules/<id:pk>/leeswijze/", progress.reading_choices, name="reading_choices"),
    path("modules/<id:pk>/docenten/", colleagues.module_teachers, name="module_teachers"),
    path(
        "modules/<id:pk>/docenten/<id:invitation>/intrekking/",
        colleagues.co_teacher_withdrawal,
        name="co_teacher_withdrawal",
    ),
    path("uitnodiging/collega/<str:token>/", colleagues.co_teacher, name="co_teacher"),
    path("modules/<id:pk>/mensen/<slug:tag>/", teacher.module_person, name="module_person"),
    path("modules/<id:pk>/mensen/<slug:tag>/klas/", teacher.person_group, name="person_group"),
    path("modules/<id:pk>/mensen/<slug:tag>/vertrek/", teacher.person_departure, name="person_departure"),
    path("modules/<id:pk>/mensen/<slug:tag>/terugkeer/", teacher.person_return, name="person_return"),
    path("modules/<id:pk>/opdrachten/nieuw/", assignments.assignment_new, name="assignment_new"),
    path("opdrachten/<id:pk>/bewerken/", assignments.assignment_edit, name="assignment_edit"),
    path("opdrachten/<id:pk>/overzicht/", showing.overview, name="overview"),
    path("opdrachten/<id:pk>/overzicht/scherm/", showing.overview_screen, name="overview_screen"),
    path("ingeleverd/<id:pk>/vastzetten/", showing.pin_answer, name="pin_answer"),
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

# Feedback: questions/views/{reviewing,comments}.py
reviewing_urls: list[URLPattern] = [
    path("opdrachten/<id:pk>/feedback/", reviewing.assignment_feedback, name="assignment_feedback"),
    path("opdrachten/<id:pk>/feedback/nu/", reviewing.feedback_now, name="feedback_now"),
    path("opdrachten/<id:pk>/feedback/keuze/", reviewing.mark_selection, name="mark_selection"),
    path("opdrachten/<id:pk>/feedback/ongedaan/", reviewing.undo_selection, name="undo_selection"),
    path("opdrachten/<id:pk>/feedback/vrijgave/", reviewing.release_feedback, name="release_feedback"),
    path("opdrachten/<id:pk>/verhaal/", reviewing.assignment_story, name="assignment_story"),
    path("ingeleverd/<id:pk>/wijzigingen/", reviewing.submission_changes, name="submission_changes"),
    path("ingeleverd/<id:pk>/feedback/", reviewing.save_feedback, name="save_feedback"),
    path("ingeleverd/<id:pk>/feedback/ongedaan/", reviewing.undo_feedback, name="undo_feedback"),
    path("zinnen/", comments.comments, name="comments"),
    path("zinnen/<id:pk>/delen/", comments.comment_sharing, name="comment_sharing"),
    path("zinnen/<id:pk>/verwijdering/", comments.comment_deletion, name="comment_deletion"),
]

# One's own answers: questions/views/portfolio.py
portfolio_urls: list[URLPattern] = [
    path("antwoorden/", portfolio.answers, name="answers"),
    path("antwoorden/export.docx", portfolio.answers_docx, name="answers_docx"),
    path("antwoorden/export.json", portfolio.answers_json, name="answers_json"),
    path("antwoorden/gezien/", portfolio.feedback_seen, name="feedback_seen"),
    path("antwoorden/feedback/<id:pk>/verder/", portfolio.feedback_taken_up, name="feedback_taken_up"),
    path("antwoorden/<id:pk>/versies/", portfolio.versions, name="answer_versions"),
]

urlpatterns = [*student_urls, *teacher_urls, *reviewing_urls, *portfolio_urls]
