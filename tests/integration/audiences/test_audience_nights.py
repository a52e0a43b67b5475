"""Audiences of whole nights: what readers see."""

import re
from collections import Counter

import pytest

from integration.audiences.audience_scene import (
    FIRST_NIGHT,
    NEXT_NIGHT,
    opt_outs,
    responders,
)
from integration.audiences.night_scene import BUYERS, MEMBERS
from integration.warehouse import moment
from kindred.audiences.control_group import first_key, is_control, keyed_hashes

SIZES = [0.05, 0.1, 0.2]
OF_NIGHT = (
    "select audience, customer_id, rank, role, score from bi.audience_members"
    " where as_of = %s order by 1, 3"
)


def test_a_broken_audience_fails_alone_and_says_why(nights):
    rows = nights.query(
        "select audience, status, reason is not null, seeds_used, seeds_known, method is not null"
        " from bi.audiences_current order by 1"
    )
    assert [row[:3] for row in rows] == [
        ("broken", "failed", True),
        ("buyers", "published", False),
        ("literal", "failed", True),
        ("responders", "published", False),
    ]
    assert rows.pop(2)[3:] == rows[0][3:] == (None, None, False)
    used = BUYERS - set(opt_outs())
    assert rows[1][3:] == (len(used), len(BUYERS), True)
    assert rows[2][3:] == (len(responders()), len(responders()), True)
    [(reason,)] = nights.query("select reason from bi.audiences_current where audience = 'broken'")
    assert "undefined table: it names a table that the source does not have" in reason
    assert "nowhere" not in reason, "it may be a value without its quotes"
    [(reason,)] = nights.query("select reason from bi.audiences_current where audience = 'literal'")
    assert "undefined column" in reason
    assert "the log of the task has the server's words" in reason
    statuses = "select distinct status from bi.snapshots"
    assert nights.query(statuses) == [("published",)]


def test_an_audience_without_control_group_says_so(nights):
    [(warnings,)] = nights.query(
        "select warnings from bi.audiences_current where audience = 'responders'"
    )
    assert [one for one in warnings if one.startswith("no control group up to 5%, 10%, 20%: of ")]
    [(warnings,)] = nights.query(
        "select warnings from bi.audiences_current where audience = 'buyers'"
    )
    assert "no control group" not in str(warnings)


def test_members_are_the_best_of_the_pool_in_tiers_without_seeds_and_excluded(nights):
    rows = nights.query(
        "select audience, customer_id, rank, score, percentile, probability, tier, role, reasons,"
        " seed_segment from bi.audience_members_current order by audience, rank"
    )
    [(*counts,)] = nights.query(
        "select customers from bi.audiences_current where audience = 'buyers'"
    )
    excluded = {"buyers": BUYERS | set(opt_outs()), "responders": set(responders())}
    segments = {one for (one,) in nights.query("select cluster_id from bi.cluster_summary_current")}
    for audience, out in excluded.items():
        found = [row[1:] for row in rows if row[0] == audience]
        pool = 600 - len(out)
        assert len(found) == pytest.approx(0.2 * pool, abs=1)
        assert [row[1] for row in found] == list(range(1, len(found) + 1))
        assert not {row[0] for row in found} & out
        scores = [row[2] for row in found]
        assert scores == sorted(scores, reverse=True)
        shares = [100 * (1 - rank / pool) for rank in range(1, len(found) + 1)]
        assert [row[3] for row in found] == pytest.approx(shares, abs=0.5)
        assert {row[5] for row in found} == set(SIZES)
        assert [row[5] for row in found] == sorted(row[5] for row in found)
        assert {column for row in found for column in row[7]} <= {"income", "age", "state"}
        assert {len(row[7]) for row in found} > {0} or any(row[7] for row in found)
        assert {row[8] for row in found} <= segments
        has_probability = audience == "buyers"  # the label is known of everybody
        assert all((row[4] is not None) == has_probability for row in found)
    tiers = Counter(row[6] for row in rows if row[0] == "buyers")
    ends = [tiers[0.05], tiers[0.05] + tiers[0.1], tiers.total()]
    assert [list(counts[0])] == [ends]


def test_the_control_group_is_drawn_before_anybody_is_ranked(nights):
    groups = {}
    for audience, share in (("buyers", 0.2), ("responders", 0.0001)):
        hashes = keyed_hashes(first_key("default", audience), range(1, 601))[0]
        groups[audience] = set((is_control(hashes, share).nonzero()[0] + 1).tolist())
    for night in (FIRST_NIGHT, NEXT_NIGHT):
        rows = nights.query(OF_NIGHT, [moment(night)])
        assert {role for *_, role, _ in rows} == {"member", "control"}
        for audience, customer, _, role, _ in rows:
            assert (role == "control") == (customer in groups[audience])


def test_quality_stands_beside_the_centroid_and_chance_with_what_was_kept(nights):
    rows = nights.query(
        "select method, size, recall between recall_low and recall_high + 1e-9,"
        " lift between lift_low and lift_high + 1e-9, kept, kept_since, as_of"
        " from bi.audience_quality where audience = 'buyers' and method <> 'probability'"
    )
    assert {row[0] for row in rows} == {"published", "centroid", "random"}
    assert [row for row in rows if row[2:4] != (True, True)] == []
    for method, size, _, _, kept, since, as_of in rows:
        is_kept = method == "published" and size in SIZES and as_of == moment(NEXT_NIGHT)
        assert (kept is not None, since is not None) == (is_kept, is_kept)
        if is_kept:
            assert since == moment(FIRST_NIGHT)
            cut = (
                "select customer_id from bi.audience_members"
                " where audience = 'buyers' and as_of = %s and tier <= %s"
            )
            now, before = (
                {one for (one,) in nights.query(cut, [at, size])} for at in (as_of, since)
            )
            assert kept == pytest.approx(len(now & before) / len(now))
    [(lift,)] = nights.query(
        "select lift from bi.audience_quality_current"
        " where audience = 'buyers' and method = 'published' and size = 0.2"
    )
    assert lift > 1.5
    calibrated = nights.query(
        "select count(*), bool_and(observed_low <= observed and observed <= observed_high),"
        " bool_and(predicted between 0 and 1) from bi.audience_quality_current"
        " where method = 'probability' and audience = 'buyers'"
    )
    assert calibrated == [(10, True, True)]


def test_overlap_counts_the_members_of_both(nights):
    held = {}
    for audience, customer, _, role in nights.query(MEMBERS):
        if role == "member":
            held.setdefault(audience, set()).add(customer)
    both = len(held["buyers"] & held["responders"])
    assert nights.query(
        "select audience, other, customers, share from bi.audience_overlap_current order by 1"
    ) == [
        ("buyers", "responders", both, both / len(held["buyers"])),
        ("responders", "buyers", both, both / len(held["responders"])),
    ]


def test_the_audiences_of_one_customer_are_found_by_the_index(nights):
    rows = nights.query(
        "set enable_seqscan = off;"
        " explain select * from bi.audience_members where as_of = %s and customer_id = 7",
        [moment(NEXT_NIGHT)],
    )
    plan = "\n".join(line for (line,) in rows)
    assert re.search(r"Index Cond: .*customer_id\)::bigint = 7", plan), plan
