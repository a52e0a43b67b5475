"""What `make check-kubernetes` asks of an environment that has what the image has on Kubernetes.

It runs there, not with the tests. ``pods FOLDER TEMPLATE`` has Airflow make the pod of every task
of the DAGs in a folder, from a pod template; ``manifests`` validates the manifests of standard
input; ``command WORDS`` reads a command as Airflow does. All print JSON, and end with an error
where something is not as Kubernetes or Airflow wants it.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

KUBERNETES = "1.37"
Manifest = dict[str, Any]


def validate(manifest: Manifest) -> None:
    """Raise where a manifest is not what Kubernetes knows, or has a key that it does not know."""
    kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def made_pods(folder: Path, template: Path) -> Iterator[tuple[str, str, Manifest]]:
    """DAG, task and pod: as KubernetesExecutor makes it of what the scheduler reads of the DAG."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
    from airflow.serialization.serialized_objects import DagSerialization
    from kubernetes.client.api_client import ApiClient

    bag = DagBag(folder)
    assert not bag.import_errors, bag.import_errors
    as_sent = ApiClient().sanitize_for_serialization
    base = PodGenerator.deserialize_model_file(str(template))
    for dag_id, dag in bag.dags.items():
        content = json.loads(json.dumps(DagSerialization.to_dict(dag)))
        for task in DagSerialization.from_dict(content).tasks:
            pod = PodGenerator.construct_pod(
                dag_id=dag_id,
                task_id=task.task_id,
                pod_id="made-for-a-check",
                try_number=1,
                kube_image=base.spec.containers[0].image,
                date=None,
                run_id="manual__1",
                args=["airflow", "version"],
                pod_override_object=PodGenerator.from_obj(task.executor_config),
                base_worker_pod=base,
                namespace="kindred",
                scheduler_job_id="1",
            )
            yield dag_id, task.task_id, as_sent(pod)


def check_pods(folder: Path, template: Path) -> Any:
    """Per DAG and task: resources, volumes and variables of the container of the task."""
    found: dict[str, dict[str, Any]] = {}
    for dag_id, task_id, pod in made_pods(folder, template):
        validate(pod)
        [container, *_] = pod["spec"]["containers"]
        found.setdefault(dag_id, {})[task_id] = {
            "name": container["name"],
            "resources": container.get("resources"),
            "mounts": [mount["mountPath"] for mount in container.get("volumeMounts", ())],
            "environment": [entry["name"] for entry in container.get("env", ())],
        }
    return found


def check_manifests(text: str) -> Any:
    """How many there are of each kind; the pod template in Airflow's own file is one more."""
    kinds: Counter[str] = Counter()
    for manifest in filter(None, yaml.safe_load_all(text)):
        validate(manifest)
        kinds[manifest["kind"]] += 1
        template = (manifest.get("data") or {}).get("pod_template_file.yaml")
        if manifest["kind"] == "ConfigMap" and template:
            validate(yaml.safe_load(template))
            kinds["PodTemplate"] += 1
    return kinds


def check_command(*words: str) -> Any:
    """The arguments of a command of Airflow that are texts."""
    from airflow.cli.cli_parser import get_parser

    found = vars(get_parser().parse_args(words))
    return {name: value for name, value in found.items() if isinstance(value, str)}


def main(check: str, *arguments: str) -> None:
    """Print what a check has found."""
    if check == "pods":
        folder, template = map(Path, arguments)
        found = check_pods(folder, template)
    elif check == "command":
        found = check_command(*arguments)
    else:
        found = check_manifests(sys.stdin.read())
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
