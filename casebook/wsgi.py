"""The WSGI entry point: gunicorn casebook.wsgi"""

import os

from django.core.wsgi import get_wsgi_application
from django.db import connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casebook.settings")
application = get_wsgi_application()

from casebook import demonstration  # noqa: E402

# Here, since every server comes here before its first request and no command of manage.py does, so that the one that
# removes the accounts still runs. gunicorn stops as a whole when a worker cannot be started.
demonstration.refuse_in_public()
connections.close_all()  # of this question; a process that forks afterwards must not share it
