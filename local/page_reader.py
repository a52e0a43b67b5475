"""What an administrator does so that segments can be the lists of the index."""

from psycopg2.extensions import make_dsn

from kindred.segments.lists.index_pages import install_reader
from kindred.warehouse.database import connect
from local.postgres import OWNER, SUPERUSER


def install_page_reader(dsn: str, schema: str) -> None:
    """Let the owner of a warehouse read the index pages of a space."""
    dsn, label = make_dsn(dsn, user=SUPERUSER), "kindred page-reader"
    with connect(dsn, connection_id="kindred_warehouse", application_name=label) as database:
        install_reader(database, schema, owner=OWNER)
