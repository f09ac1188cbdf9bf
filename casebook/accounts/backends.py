"""The authentication backend."""

from allauth.account.auth_backends import AuthenticationBackend

from casebook.accounts.deletion import is_gone
from casebook.models import User


class Backend(AuthenticationBackend):
    """The backend that ends sessions when their user asks for deletion, and refuses accounts whose seven days are over.

    Every session has the dotted path of this class, and Django ends sessions with another one. So moving this class
    needs a migration, such as casebook/migrations/0010.
    """

    def user_can_authenticate(self, user: User) -> bool:
        return super().user_can_authenticate(user) and not is_gone(user)

    def get_user(self, user_id: int) -> User | None:
        """Return the user of a session, in one query with the roles that the menu depends on."""
        user = User.objects.get_with_roles(user_id)
        if user is None or not self.user_can_authenticate(user):
            return None
        return user if user.deletion_due_at is None else None
