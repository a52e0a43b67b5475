"""The plugin that Airflow loads at start; the library is the package ``kindred`` beside this file.

LocalExecutor forks its workers from the scheduler, which therefore imports what tasks need.
"""

import logging
import sys
from functools import cached_property
from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

if "scheduler" in sys.argv:
    import kindred.airflow_adapter.preloaded  # noqa: F401

log = logging.getLogger(__name__)

PREFIX = "/kindred"
ADDRESS = "kindred/"
"""Relative to Airflow's own pages: these may be below a prefix of a proxy."""


class KindredPlugin(AirflowPlugin):
    """The page: in the navigation, and on the page of every DAG, since Airflow knows no other."""

    name = "kindred"
    external_views: ClassVar[list[Any]] = [
        {
            "name": "Kindred",
            "href": ADDRESS,
            "destination": "nav",
            "category": "browse",
            "url_route": "kindred",
        },
        {
            "name": "Kindred",
            "href": f"{ADDRESS}?dag={{DAG_ID}}",
            "destination": "dag",
            "url_route": "kindred-snapshot",
        },
    ]

    @cached_property
    def fastapi_apps(self) -> list[Any]:
        """The app of the page. Only an API server asks, and so only it makes one."""
        try:
            from kindred.airflow_adapter.page import page_app
        except ImportError:  # what lacks a page is still an Airflow
            log.exception("Kindred's page cannot be shown")
            return []
        return [{"app": page_app(), "url_prefix": PREFIX, "name": "Kindred"}]

    @cached_property
    def timetables(self) -> list[Any]:
        """The timetable of schedules in a time zone. Only what reads or keeps a DAG asks."""
        from kindred.airflow_adapter.timetable import LocalCronTimetable

        return [LocalCronTimetable]
