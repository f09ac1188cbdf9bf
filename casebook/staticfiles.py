"""Collected static files: the name of each has a hash of its content, so that browsers can cache it for good."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class CollectedFiles(CompressedManifestStaticFilesStorage):
    """A storage in which our scripts import each other under hashed names too.

    Otherwise a page that loads outbox.<hash>.js and a script that imports ./outbox.js would load it twice, each with
    its own list of fields. Django can replace the imports of all scripts; those of others have such lines in their
    comments.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", ((r"""(?P<matched>from (?P<quote>["'])(?P<url>\./[^"']+)(?P=quote))""", 'from "%(url)s"'),)),
    )
