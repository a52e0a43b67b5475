"""Alerts: what is told to a webhook when a run has failed or is late, and how it is sent."""

import logging
from dataclasses import asdict, dataclass
from datetime import datetime

import httpx

from kindred.errors import CustomerValueError, KindredError

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
FAILED, LATE = "failed", "late"

# It logs the address of every request, and that of a webhook is a secret.
logging.getLogger("httpx").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Alert:
    """What somebody should look at; ``url`` is the run in Airflow. Nothing in it is personal."""

    space: str
    as_of: datetime | None
    status: str
    task: str | None
    reason: str
    run_id: str
    url: str

    @property
    def text(self) -> str:
        """All of it in one line, as chat programs show it."""
        moment = "?" if self.as_of is None else f"{self.as_of:%Y-%m-%d %H:%M} UTC"
        where = "" if self.task is None else f" in {self.task}"
        return f"Kindred {self.space}, {moment}: {self.status}{where}: {self.reason} ({self.url})"

    def to_json(self) -> dict[str, str | None]:
        """What is posted."""
        as_of = None if self.as_of is None else self.as_of.isoformat()
        return {"text": self.text, **asdict(self), "as_of": as_of}


def failure_line(error: BaseException) -> str:
    """An error as one line; what Kindred raises on purpose speaks for itself."""
    text = " ".join(str(error).split())
    return text if isinstance(error, KindredError) else f"{type(error).__name__}: {text}"


def public_line(error: BaseException) -> str:
    """The same without what could be a customer's: drivers and libraries quote values."""
    if isinstance(error, KindredError) and not isinstance(error, CustomerValueError):
        return failure_line(error)
    return f"{type(error).__name__}; the task's log and bi.snapshots say more"


def send(alert: Alert, webhook: str | None) -> bool:
    """Say it in the log, and post it where there is a webhook; returns whether it arrived there.

    What goes wrong with the webhook is logged and nothing else, without its address.
    """
    log.error("alert: %s", alert.text)
    if webhook is None:
        return False
    try:
        answer = httpx.post(webhook, json=alert.to_json(), timeout=TIMEOUT_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # Not its text, which may repeat the address.
        log.warning("the alert's webhook could not be reached: %s", type(error).__name__)
        return False
    if not answer.is_success:
        log.warning("the alert's webhook has refused: HTTP %d", answer.status_code)
    return answer.is_success
