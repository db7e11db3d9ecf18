"""Static files under names that change with their content, so that they may be cached for ever."""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage


class HashedFiles(ManifestStaticFilesStorage):
    # A module that another one imports is hashed there too: one download, and never an old one.
    support_js_module_import_aggregation = True
