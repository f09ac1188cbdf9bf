"""The summary of what is wrong in the forms of a page. base.html has it, so every page with a form does.

<title>{% unsaved %}Nieuwe module</title>   «Niet opgeslagen: » where a form was sent and has problems
{% error_summary %}                         the problems, with links to their fields, in an element that gets focus

A page with a form of its own that is no Django form gives its problems as `form_problems` in the context.
"""

from django import template
from django.forms import BaseForm
from django.template import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from casebook.lib.form_errors import Problem, forms_in, has_password, problems_of

register = template.Library()
ACCOUNT = "account_"  # the prefix of the addresses where nothing is saved: signing in, and the like


@register.simple_tag(takes_context=True)
def unsaved(context: Context) -> str:
    """Return the beginning of the title of a page with a form that was refused; nothing for other pages."""
    return f"{_heading(context)}: " if _problems(context) else ""


@register.simple_tag(takes_context=True)
def error_summary(context: Context) -> SafeString | str:
    """Return the summary of the problems; nothing where there are none."""
    problems = _problems(context)
    if not problems:
        return ""
    words = ngettext("Er klopt nog iets niet.", "Er kloppen nog %(n)s dingen niet.", len(problems))
    words %= {"n": len(problems)}
    if not any(map(has_password, _forms(context))):
        words = f"{words} {_('Wat je invulde, staat er nog.')}"
    return render_to_string("_error_summary.html", {"problems": problems, "heading": _heading(context), "words": words})


def _problems(context: Context) -> list[Problem]:
    found = [problem for form in _forms(context) for problem in problems_of(form)]
    return [*(context.get("form_problems") or ()), *found]


def _forms(context: Context) -> list[BaseForm]:
    """Return the forms with problems in the context; in the admin, the form is in a wrapper."""
    values = [value for layer in context.dicts for value in layer.values()]
    return list(forms_in([getattr(context.get("adminform"), "form", None), *values]))


def _heading(context: Context) -> str:
    match = getattr(context.get("request"), "resolver_match", None)
    is_account = (getattr(match, "url_name", None) or "").startswith(ACCOUNT)
    return _("Niet gelukt") if is_account else _("Niet opgeslagen")
