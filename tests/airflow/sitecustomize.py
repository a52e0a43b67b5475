"""What every process of the tests' Airflow does first, since this folder is on its path.

Importing Airflow makes a million objects that stay. To look for garbage among them after each 700
takes a fourteenth of the time of its components, and a third of that of a command. Each of them
reads Airflow's options and metrics from YAML, by the parser in Python: a fifth of a second.
"""

import functools
import gc

import yaml

gc.set_threshold(20_000, 20, 20)
yaml.safe_load = functools.partial(yaml.load, Loader=yaml.CSafeLoader)
