"""Where each task runs, as the deployment's settings say: its queue, and its pod's resources."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from kindred.airflow_adapter.pods import DEFAULT, Table, check_tasks, executor_config, pods_from_env
from kindred.settings import Queues


@dataclass(frozen=True)
class Placement:
    """Task -> resources of its pod, and task -> queue; ``default`` stands for all others."""

    pods: Table
    queues: Mapping[str, str]

    @classmethod
    def from_env(cls) -> Self:
        """The settings, read once per parsing.

        Raises
        ------
        SettingsError
            when they name a task that there is not.
        """
        queues = Queues.from_env().queues
        check_tasks(queues, "queues")
        return cls(pods_from_env(), queues)

    def of(self, task_id: str) -> dict[str, Any]:
        """What an operator is given; without a queue it takes Airflow's default one."""
        queue = self.queues.get(task_id) or self.queues.get(DEFAULT)
        return {
            "executor_config": executor_config(self.pods, task_id),
            **({"queue": queue} if queue else {}),
        }
