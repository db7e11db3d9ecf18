"""Empty the database after a test that commits, in a millisecond.

Django truncates every table, which makes new files for each, and then writes all content
types and permissions anew: a tenth of a second of both, a few hundred times in the suite.
The tables hold a handful of rows, so deleting those does; what migrations put there stays.
"""

from django.db import connection

KEPT = {"django_content_type", "auth_permission"}


def empty() -> None:
    tables = set(connection.introspection.django_table_names()) - KEPT
    deletes = "".join(f'DELETE FROM "{table}";' for table in sorted(tables))
    with connection.cursor() as cursor:
        # For this transaction the tables' own triggers rest: movements are append-only.
        cursor.execute(f"BEGIN; SET LOCAL session_replication_role = replica; {deletes} COMMIT")
