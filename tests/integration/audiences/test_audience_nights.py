"""Audiences of whole nights: what readers see, and what is left of them later."""

from collections import Counter

import pytest

from integration.audiences.audience_scene import (
    BY_LABEL,
    BY_QUERY,
    FIRST_NIGHT,
    LABEL,
    NEXT_NIGHT,
    audiences_in,
    customers,
    open_scene,
    opt_outs,
    responders,
    scene_spec,
    write_audiences,
)
from integration.killing import Killer
from integration.leaving import SECRET, request
from integration.warehouse import moment
from kindred.audiences.control_group import first_key, is_control, keyed_hashes
from kindred.erasure.task import erase
from kindred.history.erasure_key import VARIABLE
from kindred.publication.prune import Retention, prune
from kindred.publication.withdraw import withdraw
from kindred.run.context import open_run
from kindred.tasks import run_task

SPEC = scene_spec()
FILES = {
    "buyers": {**BY_LABEL, "exclude": {"table": "opt_outs"}, "control_share": "20%"},
    "responders": BY_QUERY,
    "broken": {"seed": {"query": "select customer_id from nowhere where at < :as_of"}},
}
SIZES = [0.05, 0.1, 0.2]
TABLES = {"audiences", "audience_members", "audience_quality", "audience_overlap", "audience_keys"}
MEMBERS = "select audience, customer_id, rank, role from bi.audience_members_current order by 1, 3"
OF_NIGHT = (
    "select audience, customer_id, rank, role, score from bi.audience_members"
    " where as_of = %s order by 1, 3"
)
BUYERS = {row[0] for row in customers() if row[-1] == "yes"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of audience files."""
    folder = tmp_path_factory.mktemp("audiences")
    write_audiences(folder, FILES)
    return folder


@pytest.fixture(scope="module")
def fitted(make_laboratory):
    """The scene with an encoder alone."""
    laboratory = make_laboratory()
    open_scene(laboratory)
    laboratory.fit(SPEC, FIRST_NIGHT)
    return laboratory


@pytest.fixture(scope="module")
def scene(fitted, copy_laboratory, folder):
    """Two nights with audiences, one of which is broken."""
    laboratory = copy_laboratory(fitted)
    with audiences_in(folder):
        for night in (FIRST_NIGHT, NEXT_NIGHT):
            laboratory.run(SPEC, night)
    return laboratory


@pytest.fixture
def copied(scene, copy_laboratory, folder):
    with audiences_in(folder):
        yield copy_laboratory(scene)


def test_a_broken_audience_fails_alone_and_says_why(scene):
    rows = scene.query(
        "select audience, status, reason is not null, seeds_used, seeds_known, method is not null"
        " from bi.audiences_current order by 1"
    )
    assert [row[:3] for row in rows] == [
        ("broken", "failed", True),
        ("buyers", "published", False),
        ("responders", "published", False),
    ]
    assert rows[0][3:] == (None, None, False)
    used = BUYERS - set(opt_outs())
    assert rows[1][3:] == (len(used), len(BUYERS), True)
    assert rows[2][3:] == (len(responders()), len(responders()), True)
    [(reason,)] = scene.query("select reason from bi.audiences_current where audience = 'broken'")
    assert "nowhere" in reason
    statuses = "select distinct status from bi.snapshots"
    assert scene.query(statuses) == [("published",)]


def test_members_are_the_best_of_the_pool_in_tiers_without_seeds_and_excluded(scene):
    rows = scene.query(
        "select audience, customer_id, rank, score, percentile, probability, tier, role, reasons,"
        " seed_segment from bi.audience_members_current order by audience, rank"
    )
    [(*counts,)] = scene.query(
        "select customers from bi.audiences_current where audience = 'buyers'"
    )
    excluded = {"buyers": BUYERS | set(opt_outs()), "responders": set(responders())}
    segments = {one for (one,) in scene.query("select cluster_id from bi.cluster_summary_current")}
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


def test_the_control_group_is_drawn_before_anybody_is_ranked(scene):
    groups = {}
    for audience, share in (("buyers", 0.2), ("responders", 0.05)):
        hashes = keyed_hashes(first_key("default", audience), range(1, 601))[0]
        groups[audience] = set((is_control(hashes, share).nonzero()[0] + 1).tolist())
    for night in (FIRST_NIGHT, NEXT_NIGHT):
        rows = scene.query(OF_NIGHT, [moment(night)])
        assert {role for *_, role, _ in rows} == {"member", "control"}
        for audience, customer, _, role, _ in rows:
            assert (role == "control") == (customer in groups[audience])


def test_quality_stands_beside_the_centroid_and_chance_with_what_was_kept(scene):
    rows = scene.query(
        "select method, size, recall_low <= recall and recall <= recall_high,"
        " lift_low <= lift and lift <= lift_high, kept, kept_since, as_of"
        " from bi.audience_quality where audience = 'buyers' and method <> 'probability'"
    )
    assert {row[0] for row in rows} == {"published", "centroid", "random"}
    assert all(row[2:4] == (True, True) for row in rows)
    for method, size, _, _, kept, since, as_of in rows:
        is_kept = method == "published" and size in SIZES and as_of == moment(NEXT_NIGHT)
        assert (kept is not None, since is not None) == (is_kept, is_kept)
        if is_kept:
            assert since == moment(FIRST_NIGHT)
            cut = "select customer_id from bi.audience_members where audience = 'buyers'"
            now, before = (
                {one for (one,) in scene.query(f"{cut} and as_of = %s and tier <= %s", [at, size])}
                for at in (as_of, since)
            )
            assert kept == pytest.approx(len(now & before) / len(now))
    [(lift,)] = scene.query(
        "select lift from bi.audience_quality_current"
        " where audience = 'buyers' and method = 'published' and size = 0.2"
    )
    assert lift > 1.5
    calibrated = scene.query(
        "select count(*), bool_and(observed_low <= observed and observed <= observed_high),"
        " bool_and(predicted between 0 and 1) from bi.audience_quality_current"
        " where method = 'probability' and audience = 'buyers'"
    )
    assert calibrated == [(10, True, True)]


def test_overlap_counts_the_members_of_both(scene):
    held = {}
    for audience, customer, _, role in scene.query(MEMBERS):
        if role == "member":
            held.setdefault(audience, set()).add(customer)
    both = len(held["buyers"] & held["responders"])
    assert scene.query(
        "select audience, other, customers, share from bi.audience_overlap_current order by 1"
    ) == [
        ("buyers", "responders", both, both / len(held["buyers"])),
        ("responders", "buyers", both, both / len(held["responders"])),
    ]


def test_every_task_again_ends_in_the_same_tables(copied):
    before = copied.hashes()
    assert set(before) > TABLES
    partitions = "select inhrelid from pg_inherits where inhparent = 'kindred.{}'::regclass"
    held = copied.query(partitions.format("audience_members"))
    copied.run(SPEC, NEXT_NIGHT, times=2)
    assert copied.hashes() == before
    assert copied.query(partitions.format("audience_members")) == held, "what is equal stays"
    with copied.deployment.warehouse("test", "kindred") as database:
        assert database.rows("publication/run_tables", {"schema": "kindred"}) == []


def test_dates_in_another_order_end_in_the_same_tables(scene, fitted, copy_laboratory, folder):
    laboratory = copy_laboratory(fitted)
    laboratory.environment["KINDRED_BLOCK_ROWS"] = "7"
    with audiences_in(folder):
        for night in (NEXT_NIGHT, FIRST_NIGHT):
            laboratory.run(SPEC, night)
    assert laboratory.hashes() == scene.hashes()


@pytest.mark.parametrize("every", [16, pytest.param(1, marks=pytest.mark.soak)])
def test_killed_at_every_step(copied, monkeypatch, server, every):
    before = copied.hashes()
    reference = {"space": "default", "as_of": moment(NEXT_NIGHT).isoformat()}
    build = copied.run(SPEC, NEXT_NIGHT, until="list_audiences")
    killer = Killer(monkeypatch, server.dsn("postgres"))
    kills = {}
    for stage, arguments in (
        ("list_audiences", {}),
        *(("train_audience", {"audience": name}) for name in FILES),
        ("join_audiences", {}),
        ("quality_gate", {}),
        ("publish", {}),
        ("clean_up", {}),
    ):

        def once(stage=stage, arguments=arguments):
            return run_task(copied.reopen(reference), stage, **arguments)

        kills[stage] = killer.persist(once, every)[1]
    killer.close()
    assert build.as_of == moment(NEXT_NIGHT)
    assert min(kills.values()) > 0
    assert copied.hashes() == before


def test_a_task_that_was_killed_fails_its_audience_alone(copied):
    buyers = copied.query(MEMBERS)

    def interrupted(stage, run):
        if stage == "quality_gate":
            text = "update kindred.snapshot_builds set facts = facts - 'audience:responders'"
            copied.query(text)
            failed = run_task(run, "join_audiences")["failed"]
            assert set(failed) == {"broken", "responders"}
            assert "was it killed?" in failed["responders"]

    copied.run(SPEC, NEXT_NIGHT, before=interrupted)
    assert copied.query("select audience, status from bi.audiences_current order by 1") == [
        ("broken", "failed"),
        ("buyers", "published"),
        ("responders", "failed"),
    ]
    assert copied.query(MEMBERS) == [row for row in buyers if row[0] == "buyers"]
    assert copied.query("select * from bi.audience_overlap_current") == []


def test_without_segments_nothing_is_joined(copied):
    """As when the task of the segments has failed: the join comes through whatever has."""
    run = copied.run(SPEC, NEXT_NIGHT, until="cluster")
    assert run_task(run, "join_audiences") == {"failed": {}}
    assert "audience_rows" not in run.reopened().build.facts


def test_without_files_nothing_is_left_to_be_seen(copied, tmp_path):
    write_audiences(tmp_path, {})
    with audiences_in(tmp_path):
        copied.run(SPEC, NEXT_NIGHT)
    for view in ("audiences", "audience_members", "audience_quality", "audience_overlap"):
        assert copied.query(f"select count(*) from bi.{view}_current") == [(0,)]
        seen = copied.query(f"select distinct as_of from bi.{view}")
        assert seen == [(moment(FIRST_NIGHT),)]


def test_a_space_without_audiences_has_the_hashes_of_before(fitted):
    assert not TABLES & set(fitted.hashes())


def test_withdrawn_and_pruned_audiences_go(copied):
    today = copied.query(MEMBERS)
    withdraw(copied.deployment, SPEC, moment(NEXT_NIGHT))
    assert copied.query("select distinct as_of from bi.audience_members") == [
        (moment(FIRST_NIGHT),)
    ]
    assert copied.query("select distinct as_of from bi.audiences_current") == [
        (moment(FIRST_NIGHT),)
    ]
    copied.run(SPEC, NEXT_NIGHT)
    assert copied.query(MEMBERS) == today
    prune(copied.deployment, SPEC, Retention(1, 0), is_dry_run=False)
    for table in sorted(TABLES - {"audience_keys"}):
        kept = copied.query(f"select distinct as_of from kindred.{table}")
        assert kept == [(moment(NEXT_NIGHT),)], table
    assert copied.query("select count(kept) from bi.audience_quality") == [(0,)]


def test_erased_members_controls_and_seeds_are_nowhere(copied, monkeypatch):
    monkeypatch.setenv(VARIABLE, SECRET)
    rows = copied.query(MEMBERS)
    member = next(customer for _, customer, _, role in rows if role == "member")
    control = next(customer for _, customer, _, role in rows if role == "control")
    seed = min(BUYERS - set(opt_outs()))
    gone = {member, control, seed}
    for customer in gone:
        receipt = erase(copied.deployment, "default", request(copied, customer))
        assert (receipt["rows"].get("audience_members", 0) >= 2) == (customer != seed)
    assert copied.query(MEMBERS) == [row for row in rows if row[1] not in gone]
    columns = copied.query(
        "select table_name, column_name from information_schema.columns"
        " where table_schema = 'kindred' and (domain_name = 'customer_key'"
        " or column_name = 'customer_id') and table_name ~ '^audience'"
    )
    assert ("audience_members", "customer_id") in columns
    for table, column in columns:
        left = f"select count(*) from kindred.{table} where {column} = any (%s)"
        assert copied.query(left, [list(gone)]) == [(0,)], table
    copied.run(SPEC, NEXT_NIGHT)
    roles = {(audience, customer): role for audience, customer, _, role in rows}
    for audience, customer, _, role in copied.query(MEMBERS):
        assert customer not in gone
        assert roles.get((audience, customer), role) == role


@pytest.mark.parametrize("private", [LABEL, "income"])
def test_what_depends_on_a_column_that_becomes_private_is_hidden_at_once(copied, private):
    told = explained(copied)
    assert told(1) != told(10**6) or told(2) != told(10**6)
    copied.begin(scene_spec(private=[private]), NEXT_NIGHT)
    hidden = {"buyers"} if private == LABEL else {"buyers", "responders", "broken"}
    for view in ("audience_members", "audience_quality", "audience_overlap"):
        rows = copied.query(f"select distinct audience from bi.{view}")
        assert not {audience for (audience,) in rows} & hidden, view
    rows = copied.query("select distinct audience, status, seeds_used is null from bi.audiences")
    assert {audience for audience, status, _ in rows if status == "not shown"} == hidden
    assert all(is_empty for audience, _, is_empty in rows if audience in hidden)
    told = explained(copied)
    if private == "income":
        assert told(1) == told(2) == told(10**6)


def explained(scene):
    """What EXPLAIN counts for a guess that a customer is in an audience."""

    def rows_of(plan):
        if plan["Actual Loops"]:
            yield plan.get("Relation Name", plan["Node Type"]), plan["Actual Rows"]
            for part in plan.get("Plans", ()):
                yield from rows_of(part)

    def told(customer):
        [([found],)] = scene.query(
            "explain (analyze, buffers off, timing off, summary off, costs off, format json)"
            " select * from bi.audience_members where as_of = %s and customer_id = %s",
            (moment(NEXT_NIGHT), customer),
        )
        return sorted(rows_of(found["Plan"]))

    return told


def test_a_night_with_a_private_column_uses_and_names_the_public_ones_alone(copied):
    copied.run(scene_spec(private=["income"]), NEXT_NIGHT, may_fit=True)
    reasons = copied.query("select distinct unnest(reasons) from bi.audience_members_current")
    assert {name for (name,) in reasons} <= {"age", "state"}
    run = open_run(copied.deployment, "default", moment(NEXT_NIGHT))
    for facts in (run.build.facts["audience_rows"], run.build.facts["audience_quality"]):
        assert "income" not in str([{**one, "settings": None} for one in facts])
