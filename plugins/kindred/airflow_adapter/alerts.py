"""Alerts for runs that have failed or are late: their content, and posting them to a webhook."""

import logging
from dataclasses import asdict, dataclass
from datetime import datetime

from kindred.errors import CustomerValueError, KindredError
from kindred.run.web import httpx

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
FAILED, LATE, AUDIENCES_FAILED = "failed", "late", "audiences failed"


@dataclass(frozen=True)
class Alert:
    """A run that needs attention; ``url`` is its page in Airflow. It holds no personal data."""

    space: str
    as_of: datetime | None
    status: str
    task: str | None
    reason: str
    run_id: str
    url: str

    @property
    def text(self) -> str:
        """The whole alert in one line, as chat programs show it."""
        moment = "?" if self.as_of is None else f"{self.as_of:%Y-%m-%d %H:%M} UTC"
        where = "" if self.task is None else f" in {self.task}"
        return f"Kindred {self.space}, {moment}: {self.status}{where}: {self.reason} ({self.url})"

    def to_json(self) -> dict[str, str | None]:
        """The JSON object to post."""
        as_of = None if self.as_of is None else self.as_of.isoformat()
        return {"text": self.text, **asdict(self), "as_of": as_of}


def failure_line(error: BaseException) -> str:
    """An error as one line; the type is left out for Kindred's own errors."""
    text = " ".join(str(error).split())
    return text if isinstance(error, KindredError) else f"{type(error).__name__}: {text}"


def public_line(error: BaseException) -> str:
    """The same without customer data: drivers and libraries quote values in their messages."""
    if isinstance(error, KindredError) and not isinstance(error, CustomerValueError):
        return failure_line(error)
    return f"{type(error).__name__}; the task's log says more"


def send(alert: Alert, webhook: str | None) -> bool:
    """Log the alert and post it to the webhook, if any; return whether delivery succeeded.

    A failed delivery is only logged, without the webhook's URL.
    """
    log.error("alert: %s", alert.text)
    if webhook is None:
        return False
    try:
        answer = httpx.post(webhook, json=alert.to_json(), timeout=TIMEOUT_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # Not its text, which may contain the URL.
        log.warning("the alert's webhook could not be reached: %s", type(error).__name__)
        return False
    if not answer.is_success:
        log.warning("the alert's webhook rejected it: HTTP %d", answer.status_code)
    return answer.is_success
