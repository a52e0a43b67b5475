"""The page within Airflow: who is signed in, what their rights are, and the record of look-ups.

Rights are asked of the auth manager that is configured, whichever it is. Only Airflow's API server
imports this module.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
from airflow.api_fastapi.core_api.security import get_user
from airflow.models import Log
from airflow.models.dag import DagModel
from airflow.utils.session import create_session
from fastapi import FastAPI

from kindred.page.app import make_app, warm_up_later
from kindred.settings import Page, Persons
from kindred.spec.model import DEFAULT_SPACE, dag_id_of
from kindred.spec.spec_files import spec_paths

ERASURE = "customer_erasure"
LOOKED_UP, REFUSED = "kindred_look_up", "kindred_look_up_refused"
"""Events of Airflow's audit log."""

WINDOW = timedelta(hours=1)
READ, EDIT = "GET", "PUT"


def page_app() -> FastAPI:
    """The page for those who have signed in to this Airflow."""
    warm_up_later(_import_connections)
    return make_app(get_user, AirflowAccess())


class AirflowAccess:
    """What the page must know of Airflow."""

    def name(self, user: Any) -> str:
        """As in Airflow's audit log."""
        return str(user.get_name())

    def spaces(self, user: Any) -> list[str]:
        """The spaces whose DAG the user may read, the default one first."""
        named = sorted(spec_paths(), key=lambda space: (space != DEFAULT_SPACE, space))
        return [space for space in named if _may(user, READ, space)]

    def sees_persons(self, user: Any, space: str) -> bool:
        """Whoever may edit the DAG; KINDRED_PAGE_PERSONS says otherwise."""
        persons = Page.from_env().page_persons
        if persons is Persons.NOBODY:
            return False
        return _may(user, READ if persons is Persons.READ else EDIT, space)

    def seconds_to_wait(self, user: Any, space: str, kind: str) -> int:
        """Count a look-up in Airflow's audit log, which all API servers share; 0 admits it.

        It is recorded before it is counted, so that several at once never pass the limit together.
        The audit log gets no id of a customer: it is kept for months, and no erasure reaches it.
        """
        name = self.name(user)
        with create_session() as session:
            entry = Log(event=LOOKED_UP, owner=name, dag_id=dag_id_of(space), extra=kind)
            session.add(entry)
            session.commit()
            limit, now = Page.from_env().page_lookups_per_hour, datetime.now(UTC)
            made = (
                session.query(Log.dttm)
                .filter(Log.event == LOOKED_UP, Log.owner == name)
                .filter(Log.dttm > now - WINDOW)
                .order_by(Log.dttm.desc())
                .limit(limit + 1)
                .all()
            )
            if len(made) <= limit:
                return 0
            entry.event = REFUSED
            # This one does not count: the oldest of those before it has to leave the hour.
            oldest = made[-1][0] or now
            return max(1, ceil((oldest + WINDOW - now).total_seconds()))

    def space_of(self, dag_id: str) -> str | None:
        """The space whose snapshots or erasures a DAG works on."""
        found = (space for space in spec_paths() if dag_id in _dags_of(space))
        return next(found, None)

    def conninfo(self) -> str:
        """That of connection ``kindred_bi``."""
        from kindred.page.bi_session import CONNECTION

        found: str = _import_connections().deployment().connections(CONNECTION)
        return found


def _import_connections() -> Any:
    """Which imports the driver: late, so that the API server starts without it."""
    from kindred.airflow_adapter import connections

    return connections


def _dags_of(space: str) -> Collection[str]:
    return dag_id_of(space), dag_id_of(space, ERASURE)


def _may(user: Any, method: Any, space: str) -> bool:
    dag_id = dag_id_of(space)
    details = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))
    return get_auth_manager().is_authorized_dag(method=method, details=details, user=user)
