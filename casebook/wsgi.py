"""The WSGI entry point: gunicorn casebook.wsgi --preload"""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.urls import get_resolver

from casebook.lib.wsgi import in_one_stack_chunk, plain_http

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casebook.settings")
application = in_one_stack_chunk(plain_http(get_wsgi_application()))

from casebook.demo import guard  # noqa: E402

# The check is here, since every server imports this before its first request and no command of manage.py does, so that
# the command that removes the accounts still runs. gunicorn stops as a whole when it cannot start.
guard.refuse_in_public()
connections.close_all()  # of this check; a process that forks afterwards must not share it

# A server that loads the site before it forks (--preload) has one copy of it for all its processes, as long as nothing
# writes there: so all views are imported now, and the garbage collector skips what exists.
_ = get_resolver().url_patterns
gc.collect()
gc.freeze()
