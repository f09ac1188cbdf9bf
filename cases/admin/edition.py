"""The admin of editions, which can be read and never changed."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from cases.models import Edition, Status


@admin.register(Edition)
class EditionAdmin(admin.ModelAdmin):
    """The list of editions, which can be read and never changed."""

    list_display = ["case", "number", "published_at", "published_by", "note"]
    list_filter = ["case__part"]
    list_select_related = ["case", "published_by"]
    search_fields = ["case__title", "note", "text"]
    readonly_fields = ["case", "number", "published_at", "published_by", "note", "text", "source_hash"]
    exclude = ["from_file"]
    date_hierarchy = "published_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Edition]:
        """Return all editions but those of withdrawn cases, whose text can be neither read nor found."""
        return super().get_queryset(request).exclude(case__status=Status.WITHDRAWN)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Edition | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Edition | None = None) -> bool:
        return False
