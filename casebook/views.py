"""Pages that belong to no app."""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Max, Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cases.library import page_cache
from cases.library.catalogue_index import CatalogueIndex, current_index
from cases.library.page_cache import for_visitors
from cases.library.sharing import absolute
from cases.library.suggestions import MOST_SEEDS, suggestions
from cases.models import Case, Part
from cases.publishing.editors_home import editors_home
from questions.models import Kolb, Ring, ring
from questions.pages import home as home_page

CASES_A_PART = 12  # the home page names no more cases of a part than this; the catalogue has all


@dataclass(frozen=True)
class Chapter:
    """A part with the cases that the home page names, and the number of all its cases."""

    part: Part
    cases: list[tuple[Case, Ring]]
    size: int


@require_safe
@for_visitors
def home(request: HttpRequest) -> HttpResponse:
    """Show the home page: the book for visitors, and for users who are signed in what they have to do."""
    index = current_index()
    if not request.user.is_authenticated:
        chapters = page_cache.part(index.version, "", "casebook/_chapters.html", lambda: {"chapters": _chapters(index)})
        return render(request, "casebook/home.html", {"chapters": chapters})
    today = home_page.for_you(request.user)
    context = {"today": today, "reading": _reading(index, today.known_cases)}
    if request.user.may_enter_admin:
        context["editing"] = editors_home(request.user)
    response = render(request, "casebook/home_signed_in.html", context)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _reading(index: CatalogueIndex, known: list[int]) -> SafeString:
    """Return the section with cases to read, which is the same for all users who know the same cases."""
    latest = known[:MOST_SEEDS]
    name = f"{latest} {sorted(known[MOST_SEEDS:])}"

    def context() -> dict:
        return {"cases": suggestions(index, known), "size": len(index)}

    return page_cache.part(index.version, name, "casebook/_home_reading.html", context)


def _chapters(index: CatalogueIndex) -> list[Chapter]:
    cases = Case.objects.published().order_by("number").only("number", "slug", "title", "part", "word_count")
    parts = Part.objects.prefetch_related(Prefetch("cases", cases[:CASES_A_PART], to_attr="listed"))
    sizes = {option.slug: len(option.cases) for option in index.options["deel"]}
    return [
        Chapter(part, [(case, ring(index.lenses.get(case.pk, {}))) for case in part.listed], sizes.get(part.slug, 0))
        for part in parts
    ]


@require_safe
@for_visitors
def about(request: HttpRequest) -> HttpResponse:
    """Show the page about the site."""
    return render(request, "casebook/about.html", {"lenses": Kolb})


@require_safe
@for_visitors
def sitemap(request: HttpRequest) -> HttpResponse:
    """Return the addresses of all pages that visitors can read, for search engines."""
    pages = [absolute(reverse(name)) for name in ("home", "cases:catalogue", "about")]
    rows = Case.objects.published().order_by("number").annotate(changed=Max("editions__published_at"))
    cases = [(absolute(case.get_absolute_url()), case.changed) for case in rows.only("slug")]
    return render(request, "sitemap.xml", {"pages": pages, "cases": cases}, content_type="application/xml")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Return the addresses that search engines skip, since visitors find nothing to read there."""
    lines = ["User-agent: *", f"Disallow: {reverse('admin:index')}", f"Sitemap: {absolute(reverse('sitemap'))}"]
    return HttpResponse("".join(f"{line}\n" for line in lines), content_type="text/plain")


@require_safe
@never_cache
def health(request: HttpRequest) -> HttpResponse:
    """Return 200 «ok» while the database answers; its error becomes the 500 of the server."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return HttpResponse("ok", content_type="text/plain")
