"""What a build records of its audiences."""

import json

import numpy as np

from kindred.audiences.audience_facts import (
    KILLED,
    fact_of,
    joined,
    of_trained,
    overlaps,
    used_columns,
    without_members,
)
from kindred.audiences.audience_files import AudienceFile
from kindred.audiences.populations import Populations, Truth
from kindred.audiences.status import Status
from kindred.audiences.trained import CalibrationRow, QualityRow, Ranking, Trained
from kindred.spec.audience_reader import audience_from_dict

ASKED = audience_from_dict(
    {
        "name": "spring",
        "seed": {"label": {"bought": "yes"}},
        "exclude": {"label": {"holder": True}},
        "pool": {"state": ["CA"]},
        "sizes": ["5%", "10%"],
    },
    where="test",
)
ROWS = np.arange(30, dtype=np.int32)


def populations():
    return Populations(
        seeds=ROWS,
        judged=ROWS[:20],
        excluded=ROWS[:0],
        pool=ROWS + 30,
        others=None,
        contacted=None,
        truth=Truth.NONE,
        given=40,
        known=33,
        warnings=("first",),
    )


def trained():
    judged = QualityRow(Ranking.PUBLISHED, 0.1, 3, 20, 0.4, 0.3, 0.5, 4.0, 3.0, 5.0, 0.25, 2.5)
    unjudged = QualityRow(Ranking.RANDOM, 0.1, 3, 0, None, None, None, None, None, None)
    return Trained(
        method="centroid",
        order=ROWS[:3] + 30,
        scores=np.array([0.9, 0.8, 0.7]),
        percentiles=np.array([3.3, 6.6, 10.0]),
        probabilities=None,
        pool=30,
        sizes=(0.05, 0.1),
        counts=(np.int64(2), np.int64(3)),
        cutoffs=(np.float64(0.8), np.float64(0.7)),
        quality=(judged, unjudged),
        calibration=(CalibrationRow(1, 10, 0.5, 0.6, 0.4, 0.8),),
        brier=None,
        brier_base=None,
        columns=("income",),
        reasons=np.zeros((3, 3), dtype=np.int16),
        warnings=("second",),
    )


def test_the_facts_of_an_audience_are_plain_json_and_complete():
    facts = of_trained(ASKED, populations(), trained())
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    row = facts["row"]
    assert (row["status"], row["reason"]) == ("published", None)
    figures = ("given", "known", "excluded", "used")
    assert [row[f"seeds_{name}"] for name in figures] == [40, 33, 3, 30]
    assert row["warnings"] == ["first", "second"]
    assert (row["counts"], row["cutoffs"]) == ([2, 3], [0.8, 0.7])
    published, random, calibration = facts["quality"]
    assert (published["method"], published["lift_low"], random["lift"]) == ("published", 3.0, None)
    assert (calibration["method"], calibration["size"]) == ("probability", 0.1)
    assert (calibration["predicted"], calibration["observed"]) == (0.5, 0.6)


def test_the_columns_that_a_file_names_are_those_that_decide_who_is_in():
    assert used_columns(ASKED) == ["bought", "holder", "state"]


def test_an_audience_of_which_nobody_said_anything_was_killed():
    files = [
        AudienceFile("made", ASKED).to_fact(),
        AudienceFile("killed", ASKED).to_fact(),
        AudienceFile("unreadable", None, "unreadable.yaml: line 3: no").to_fact(),
    ]
    facts = {
        fact_of("made"): of_trained(ASKED, populations(), trained()),
        # Of an earlier try, before its file was broken.
        fact_of("unreadable"): without_members("unreadable", Status.NO_HISTORY, "earlier"),
    }
    made, killed, unreadable = (one["row"] for one in joined(files, facts))
    assert (made["status"], made["settings"]["name"]) == (Status.PUBLISHED, "spring")
    assert (killed["status"], killed["reason"]) == (Status.FAILED, KILLED)
    assert (unreadable["status"], unreadable["reason"]) == (Status.FAILED, files[2]["problem"])
    assert unreadable["settings"] is None
    every = {*made, "segments_by"}
    assert killed.keys() <= every


def test_overlaps_are_told_both_ways_as_shares_of_the_first():
    members = {"a": ROWS[:10], "b": ROWS[5:25], "none": ROWS[:0]}
    found = {(one["audience"], one["other"]): one for one in overlaps(members, 30)}
    assert len(found) == 6
    assert (found["a", "b"]["customers"], found["a", "b"]["share"]) == (5, 0.5)
    assert (found["b", "a"]["customers"], found["b", "a"]["share"]) == (5, 0.25)
    assert (found["none", "a"]["customers"], found["none", "a"]["share"]) == (0, 0.0)
