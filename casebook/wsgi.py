"""The WSGI entry point: gunicorn casebook.wsgi --preload"""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.urls import get_resolver

from casebook.lib.wsgi import plain_http

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casebook.settings")
application = plain_http(get_wsgi_application())

from casebook.demo import guard  # noqa: E402

# Here, since every server comes here before its first request and no command of manage.py does, so that the one that
# removes the accounts still runs. gunicorn stops as a whole when it cannot be started.
guard.refuse_in_public()
connections.close_all()  # of this question; a process that forks afterwards must not share it

# A server that loads the site before it forks (--preload) has one copy of it for all its processes, as long as nobody
# writes there: so all that addresses lead to is imported now, and the garbage collector leaves what is there alone.
_ = get_resolver().url_patterns
gc.collect()
gc.freeze()
