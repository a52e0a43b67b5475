"""A new interpreter with Airflow in it, which answers questions about what is imported then.

``python fresh_airflow.py FOLDER_OF_DAGS`` prints the answers as one object of JSON. Each question
is put to a fork, so that none sees what another has imported.
"""

import gc
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from airflow.dag_processing.dagbag import DagBag

from airflow import plugins_manager

BEFORE = frozenset(sys.modules)


def parsed() -> dict[str, Any]:
    """What the DAG files are and import."""
    bag = DagBag(sys.argv[1])
    loaded = sorted(set(sys.modules) - BEFORE)
    return {"dags": sorted(bag.dags), "errors": bag.import_errors, "loaded": loaded}


def plugged_in() -> dict[str, Any]:
    """What the plugins are and import: when they are loaded, and when their page is asked for."""
    plugins, errors = plugins_manager._get_plugins()
    files = [str(plugin.source) for plugin in plugins if "kindred" in str(plugin.source)]
    loaded = sorted(set(sys.modules) - BEFORE)
    apps, _ = plugins_manager.get_fastapi_plugins()
    return {
        "files": files,
        "errors": errors,
        "loaded": loaded,
        "apps": [(app["url_prefix"], type(app["app"]).__name__) for app in apps],
        "with_page": sorted({name.partition(".")[0] for name in set(sys.modules) - BEFORE}),
        "timetables": list(plugins_manager.get_timetables_plugins()),
    }


def of_fork(question: Callable[[], Any]) -> Any:
    """The answer of a fork."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        with open(writer, "w", encoding="utf-8") as answer:
            json.dump(question(), answer)
        os._exit(0)
    os.close(writer)
    with open(reader, encoding="utf-8") as answer:
        return json.load(answer)


if __name__ == "__main__":
    gc.disable()
    answers = {question.__name__: of_fork(question) for question in (parsed, plugged_in)}
    print(json.dumps({"before": sorted(BEFORE), **answers}))
