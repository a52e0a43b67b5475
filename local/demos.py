"""The demos that come with Kindred, by their names."""

from kindred.spec.names import did_you_mean
from local.data_set import DataSet
from local.demo import demo_data_set
from local.failures import RunFailedError
from local.grocery import SPACE, grocery_data_set
from local.layout import Layout

DEMOS = {"loans": lambda layout: demo_data_set(layout.features), SPACE: grocery_data_set}


def data_set_of(layout: Layout, name: str) -> DataSet:
    """The data set of a demo.

    Raises
    ------
    RunFailedError
        when there is no such demo.
    """
    if name not in DEMOS:
        there = " and ".join(DEMOS)
        raise RunFailedError(
            "demo", f"there is no demo {name!r}: there are {there}{did_you_mean(name, DEMOS)}"
        )
    return DEMOS[name](layout)
