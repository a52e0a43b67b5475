"""The size of a task's pod by the memory that its stage has forecast."""

import pytest

from kindred.run.pod_sizes import largest, pod_megabytes, pod_resources
from kindred.settings import QUANTITY, Pods


@pytest.mark.parametrize(
    ("forecast", "megabytes"), [(205, 768), (460, 1024), (614, 1024), (615, 1280), (6553, 8448)]
)
def test_a_pod_has_a_quarter_more_and_room_for_the_supervisor(forecast, megabytes):
    assert pod_megabytes(forecast) == megabytes
    assert megabytes >= forecast * 1.25 + 256 > megabytes - 257


def test_no_pod_is_smaller_than_the_setting_allows():
    made = pod_resources({"encode": 0, "cluster": 200})
    assert made == {"encode": {"memory": "512Mi"}, "cluster": {"memory": "512Mi"}}
    assert Pods(pod_resources=made).pod_resources == made


def test_the_setting_is_for_the_largest_space():
    found = largest([{"encode": 600, "cluster": 460}, {"encode": 500, "recommend": 900}, {}])
    assert found == {"cluster": 460, "encode": 600, "recommend": 900}
    assert pod_resources(found)["encode"] == {"memory": "1024Mi"}
    assert all(QUANTITY.fullmatch(said["memory"]) for said in pod_resources(found).values())


def test_without_nights_there_is_nothing_to_ask_for():
    assert pod_resources(largest([{}])) == pod_resources(largest([])) == {}
