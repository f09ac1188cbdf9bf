"""Collected static files: each under a name that says what is in it, so that browsers may keep it for good."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class CollectedFiles(CompressedManifestStaticFilesStorage):
    """Our scripts import each other under those names too. Else a page that loads outbox.<hash>.js and a script that
    imports ./outbox.js would have it twice, each with its own idea of which fields there are.

    Django can do that for every script there is; those of others have such lines in what they explain.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", ((r"""(?P<matched>from (?P<quote>["'])(?P<url>\./[^"']+)(?P=quote))""", 'from "%(url)s"'),)),
    )
