"""Figures of a night in Airflow's own metrics (StatsD or OpenTelemetry, as Airflow is set up)."""

from collections.abc import Mapping

from airflow.sdk.observability import stats


def send(space: str, figures: Mapping[str, float]) -> None:
    """Set the gauges ``kindred.<space>.<figure>``, such as ``kindred.default.recall``."""
    for name, value in figures.items():
        stats.gauge(f"kindred.{space}.{name}", value, tags={"space": space})
