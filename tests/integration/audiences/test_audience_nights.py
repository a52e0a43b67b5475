"""Audiences of whole nights: what readers see, and what is left of them later."""

import json
import re
from collections import Counter
from dataclasses import replace
from threading import Thread

import pytest
from psycopg2 import sql

from integration.audiences.audience_scene import (
    BY_LABEL,
    BY_QUERY,
    FIRST_NIGHT,
    LABEL,
    NEXT_NIGHT,
    RESPONDED,
    audiences_in,
    customers,
    open_scene,
    opt_outs,
    responders,
    scene_spec,
    write_audiences,
)
from integration.killing import Killer
from integration.leaving import SECRET, request, tables_with
from integration.warehouse import moment
from kindred.audiences.control_group import first_key, is_control, keyed_hashes
from kindred.erasure.task import erase
from kindred.errors import UnreachableError
from kindred.history.erasure_key import VARIABLE
from kindred.publication.prune import Retention, prune
from kindred.publication.withdraw import withdraw
from kindred.run.context import open_run
from kindred.spec.audiences import Population
from kindred.tasks import run_task

SPEC = scene_spec()
THIRD_NIGHT = "2026-02-03T02:00"
OPTED_OUT = "select customer_id from opt_outs where :as_of > '2026-01-01'"
LITERAL = 7731558
"""An id that stands in the SQL of the files."""
BUT = f"customer_id <> {LITERAL}"
MISTAKEN = f'select customer_id from customers where :as_of > "x{LITERAL}"'  # noqa: S608
NOWHERE = f"select customer_id from nowhere where at < :as_of and {BUT}"  # noqa: S608
FILES = {
    "buyers": {**BY_LABEL, "exclude": {"query": OPTED_OUT}, "control_share": "20%"},
    "responders": {
        **BY_QUERY,
        "seed": {"query": f"{RESPONDED} and {BUT}; -- that is all"},
        "control_share": "0.01%",
    },
    "broken": {"seed": {"query": NOWHERE}},
    "literal": {"seed": {"query": MISTAKEN}},
}
SIZES = [0.05, 0.1, 0.2]
VIEWS = ("audiences", "audience_members", "audience_quality", "audience_overlap")
TABLES = {*VIEWS, "audience_keys"}
PARTITIONS = (
    "select inhrelid from pg_inherits where inhparent = 'kindred.audience_members'::regclass"
)
KEY_COLUMNS = (
    "select table_name, column_name from information_schema.columns"
    " where table_schema = 'kindred' and table_name ~ '^audience'"
    " and (domain_name = 'customer_key' or column_name = 'customer_id')"
)
MEMBERS = "select audience, customer_id, rank, role from bi.audience_members_current order by 1, 3"
OF_NIGHT = (
    "select audience, customer_id, rank, role, score from bi.audience_members"
    " where as_of = %s order by 1, 3"
)
SHOWN = "select distinct as_of from bi.{}"
BUYERS = {row[0] for row in customers() if row[-1] == "yes"}


def named(text, *names):
    return sql.SQL(text).format(*map(sql.Identifier, names))


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
        ("literal", "failed", True),
        ("responders", "published", False),
    ]
    assert rows.pop(2)[3:] == rows[0][3:] == (None, None, False)
    used = BUYERS - set(opt_outs())
    assert rows[1][3:] == (len(used), len(BUYERS), True)
    assert rows[2][3:] == (len(responders()), len(responders()), True)
    [(reason,)] = scene.query("select reason from bi.audiences_current where audience = 'broken'")
    assert "undefined table: it names a table that the source does not have" in reason
    assert "nowhere" not in reason, "it may be a value without its quotes"
    [(reason,)] = scene.query("select reason from bi.audiences_current where audience = 'literal'")
    assert "undefined column" in reason
    assert "the log of the task has the server's words" in reason
    statuses = "select distinct status from bi.snapshots"
    assert scene.query(statuses) == [("published",)]


def test_no_id_that_stands_in_sql_is_stored(scene):
    """Erasure could not find it there."""
    assert tables_with(scene, str(LITERAL)) == set()
    stored = "select settings #>> '{seed,query}' from kindred.audiences where audience = 'broken'"
    assert {text for (text,) in scene.query(stored)} == {
        f"digest:{Population(query=NOWHERE).digest}"
    }


def test_the_sql_that_was_stored_before_is_dropped(copied):
    before, written = copied.hashes(), json.dumps(Population(query=NOWHERE).model_dump())
    copied.query(
        "update kindred.audiences set settings = jsonb_set(settings, '{seed}', %s)"
        " where audience = 'broken';"
        " update kindred.snapshot_builds set facts = jsonb_set(jsonb_set("
        "facts, '{audiences,0,settings,seed}', %s), '{audience_rows,0,settings,seed}', %s)"
        " where facts #>> '{audiences,0,name}' = 'broken'",
        (written, written, written),
    )
    assert tables_with(copied, str(LITERAL)) == {"audiences", "snapshot_builds"}
    with copied.deployment.warehouse("test", "kindred") as warehouse:
        warehouse.run("warehouse/migrations/0069_drop_sql_of_audiences")
    assert tables_with(copied, str(LITERAL)) == set()
    assert copied.hashes() == before


def test_an_audience_without_control_group_says_so(scene):
    [(warnings,)] = scene.query(
        "select warnings from bi.audiences_current where audience = 'responders'"
    )
    assert [one for one in warnings if one.startswith("no control group up to 5%, 10%, 20%: of ")]
    [(warnings,)] = scene.query(
        "select warnings from bi.audiences_current where audience = 'buyers'"
    )
    assert "no control group" not in str(warnings)


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
    for audience, share in (("buyers", 0.2), ("responders", 0.0001)):
        hashes = keyed_hashes(first_key("default", audience), range(1, 601))[0]
        groups[audience] = set((is_control(hashes, share).nonzero()[0] + 1).tolist())
    for night in (FIRST_NIGHT, NEXT_NIGHT):
        rows = scene.query(OF_NIGHT, [moment(night)])
        assert {role for *_, role, _ in rows} == {"member", "control"}
        for audience, customer, _, role, _ in rows:
            assert (role == "control") == (customer in groups[audience])


def test_quality_stands_beside_the_centroid_and_chance_with_what_was_kept(scene):
    rows = scene.query(
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
                {one for (one,) in scene.query(cut, [at, size])} for at in (as_of, since)
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


def test_the_audiences_of_one_customer_are_found_by_the_index(scene):
    rows = scene.query(
        "set enable_seqscan = off;"
        " explain select * from bi.audience_members where as_of = %s and customer_id = 7",
        [moment(NEXT_NIGHT)],
    )
    plan = "\n".join(line for (line,) in rows)
    assert re.search(r"Index Cond: .*customer_id\)::bigint = 7", plan), plan


def test_dates_in_another_order_end_in_the_same_tables(scene, fitted, copy_laboratory, folder):
    laboratory = copy_laboratory(fitted)
    laboratory.environment["KINDRED_BLOCK_ROWS"] = "50"
    with audiences_in(folder):
        for night in (NEXT_NIGHT, FIRST_NIGHT):
            laboratory.run(SPEC, night)
    hashes = scene.hashes()
    assert laboratory.hashes() == hashes
    assert set(hashes) > TABLES
    assert not TABLES & set(fitted.hashes()), "a space without audiences has the hashes of before"


@pytest.mark.soak
def test_three_dates_at_the_same_time_end_in_the_tables_of_one_after_the_other(
    fitted, copy_laboratory, folder
):
    nights, hashes, failures = (FIRST_NIGHT, NEXT_NIGHT, THIRD_NIGHT), [], []

    def run(laboratory, night):
        try:
            replace(laboratory).run(SPEC, night)
        except BaseException as error:
            failures.append(error)

    for is_parallel in (False, True):
        laboratory = copy_laboratory(fitted)
        with audiences_in(folder):
            threads = [Thread(target=run, args=(laboratory, night)) for night in nights]
            for thread in threads:
                thread.start()
                if not is_parallel:
                    thread.join()
            for thread in threads:
                thread.join()
        hashes.append(laboratory.hashes())
    assert failures == []
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("every", [16, pytest.param(1, marks=pytest.mark.soak)])
def test_killed_at_every_step_a_date_that_is_run_again_stays_as_it_is(
    copied, monkeypatch, server, every
):
    before, held = copied.hashes(), copied.query(PARTITIONS)
    reference = {"space": "default", "as_of": moment(NEXT_NIGHT).isoformat()}
    copied.run(SPEC, NEXT_NIGHT, until="list_audiences")
    killer = Killer(monkeypatch, server.dsn("postgres"))
    kills = {}
    for stage, arguments in (
        ("list_audiences", {}),
        *(("train_audience", {"audience": name}) for name in FILES),
        *((stage, {}) for stage in ("join_audiences", "quality_gate", "publish", "clean_up")),
    ):

        def once(stage=stage, arguments=arguments):
            return run_task(copied.reopen(reference), stage, **arguments)

        kills[stage] = killer.persist(once, every)[1]
    killer.close()
    assert min(kills.values()) > 0
    assert copied.hashes() == before
    assert copied.query(PARTITIONS) == held, "a partition that is equal stays"
    with copied.deployment.warehouse("test", "kindred") as database:
        assert database.rows("publication/run_tables", {"schema": "kindred"}) == []


def test_an_audience_whose_task_was_killed_or_whose_artefact_is_gone_fails_alone(copied):
    """The join comes through whatever has failed before it.

    Whoever clears the audience's task once it can be made has it in the published snapshot.
    """
    before = copied.hashes()
    buyers = [row for row in copied.query(MEMBERS) if row[0] == "buyers"]
    found = {}

    def interrupted(stage, run):
        if stage == "cluster":
            found["no segments"] = run_task(run, "join_audiences")
            assert "audience_rows" not in run.reopened().build.facts
        if stage == "list_audiences":
            copied.environment["KINDRED_MEMORY_LIMIT_MB"] = "200"
            starved = copied.reopen({"space": "default", "as_of": run.as_of.isoformat()})
            del copied.environment["KINDRED_MEMORY_LIMIT_MB"]
            run_task(starved, "train_audience", audience="responders")
            row = run.reopened().build.facts["audience:responders"]["row"]
            found["no memory"] = (row["status"], row["reason"])
        if stage == "quality_gate":
            [artefact] = copied.artefacts.glob("**/20260202*/**/audience_responders")
            artefact.rename(artefact.with_name("away"))
            found["gone"] = run_task(run, "join_audiences")
            copied.query("update kindred.snapshot_builds set facts = facts - 'audience:responders'")
            found["killed"] = run_task(run, "join_audiences")

    copied.run(SPEC, NEXT_NIGHT, before=interrupted)
    held = copied.query(PARTITIONS)
    assert found["no segments"] == {"failed": {}}
    status, reason = found["no memory"]
    assert status == "failed"
    assert "a task may take 200 MB" in reason
    for what, reason in (("gone", "is not in"), ("killed", "was it killed?")):
        assert set(found[what]["failed"]) == {"broken", "literal", "responders"}
        assert reason in found[what]["failed"]["responders"]
    assert copied.query("select audience, status from bi.audiences_current order by 1") == [
        ("broken", "failed"),
        ("buyers", "published"),
        ("literal", "failed"),
        ("responders", "failed"),
    ]
    assert copied.query(MEMBERS) == buyers
    assert copied.query("select * from bi.audience_overlap_current") == []

    run = copied.reopen({"space": "default", "as_of": f"{NEXT_NIGHT}+00:00"})
    run_task(run, "train_audience", audience="responders")
    for stage in ("join_audiences", "quality_gate", "publish", "clean_up"):
        run_task(run, stage)
    assert copied.hashes() == before
    assert copied.query(PARTITIONS) != held, "one that differs is replaced"
    run_task(run, "publish")
    assert copied.hashes() == before


def test_an_audience_whose_source_ends_the_session_is_tried_again(copied, tmp_path):
    """In the middle of what it sends; the next try ends as if nothing had happened."""
    members = copied.query(MEMBERS)
    copied.query(
        "create table outage (is_on boolean);"
        " create view flickering as select responders.* from responders where customer_id < 300"
        " or not exists (select from outage) or pg_terminate_backend(pg_backend_pid())",
        source=True,
    )
    flickering = RESPONDED.replace("responders", "flickering")
    asked = FILES["responders"] | {"seed": {"query": flickering}}
    write_audiences(tmp_path, FILES | {"responders": asked})
    tries = []

    def interrupted(stage, run):
        if stage == "train_audience" and not tries:
            copied.query("insert into outage values (true)", source=True)
            with pytest.raises(UnreachableError, match=r"seed, source .* cannot be read"):
                run_task(run, "train_audience", audience="responders")
            tries.append(run.reopened().build.facts.get("audience:responders"))
            copied.query("truncate outage", source=True)

    with audiences_in(tmp_path):
        copied.run(SPEC, NEXT_NIGHT, before=interrupted)
    assert tries == [None]
    assert copied.query(MEMBERS) == members


def test_withdrawn_and_pruned_audiences_go_and_those_without_a_file(copied, tmp_path):
    first = {(moment(FIRST_NIGHT),)}
    withdraw(copied.deployment, SPEC, moment(NEXT_NIGHT))
    for view in VIEWS:
        assert set(copied.query(named(SHOWN, view))) == first
        assert set(copied.query(named(SHOWN, f"{view}_current"))) == first
    write_audiences(tmp_path, {})
    with audiences_in(tmp_path):
        copied.run(SPEC, NEXT_NIGHT)
    for view in VIEWS:
        assert set(copied.query(named(SHOWN, view))) == first
        assert copied.query(named(SHOWN, f"{view}_current")) == []
    prune(copied.deployment, SPEC, Retention(1, 0), is_dry_run=False)
    for table in VIEWS:
        held = copied.query(named("select distinct as_of from kindred.{}", table))
        assert held == ([(moment(NEXT_NIGHT),)] if table == "audience_members" else [])


def test_erased_members_controls_and_seeds_are_nowhere_and_later_nights_hide_what_is_private(
    copied, monkeypatch
):
    monkeypatch.setenv(VARIABLE, SECRET)
    rows = copied.query(MEMBERS)
    member = next(customer for _, customer, _, role in rows if role == "member")
    control = next(customer for _, customer, _, role in rows if role == "control")
    seed = min(BUYERS - set(opt_outs()))
    gone = {member, control, seed}
    for customer in gone:
        receipt = erase(copied.deployment, "default", request(copied, customer))
        assert (receipt["rows"].get("audience_members", 0) >= 2) == (customer in (member, control))
    assert copied.query(MEMBERS) == [row for row in rows if row[1] not in gone]
    columns = copied.query(KEY_COLUMNS)
    assert ("audience_members", "customer_id") in columns
    for table, column in columns:
        left = named("select count(*) from kindred.{} where {} = any (%s)", table, column)
        assert copied.query(left, [list(gone)]) == [(0,)], table

    copied.run(scene_spec(private=["income"]), NEXT_NIGHT)
    roles = {(audience, customer): role for audience, customer, _, role in rows}
    for audience, customer, _, role in copied.query(MEMBERS):
        assert customer not in gone
        assert roles.get((audience, customer), role) == role, "the control group stays"
    reasons = copied.query("select distinct unnest(reasons) from bi.audience_members_current")
    assert {name for (name,) in reasons} <= {"age", "state"}
    facts = open_run(copied.deployment, "default", moment(NEXT_NIGHT)).build.facts
    told = [
        *facts["audience_quality"],
        *({**row, "settings": ""} for row in facts["audience_rows"]),
    ]
    assert "income" not in str(told)


@pytest.mark.parametrize("private", [LABEL, "income"])
def test_what_depends_on_a_column_that_becomes_private_is_hidden_at_once(copied, private):
    told = explained(copied)
    assert len({str(told(customer)) for customer in (*range(1, 9), 10**6)}) > 1
    copied.begin(scene_spec(private=[private]), NEXT_NIGHT)
    hidden = {"buyers"} if private == LABEL else set(FILES)
    for view in VIEWS[1:]:
        rows = copied.query(named("select distinct audience from bi.{}", view))
        assert not {audience for (audience,) in rows} & hidden, view
    rows = copied.query("select distinct audience, status, seeds_used is null from bi.audiences")
    assert {audience for audience, status, _ in rows if status == "not shown"} == hidden
    assert all(is_empty for audience, _, is_empty in rows if audience in hidden)
    if private == "income":
        told = explained(copied)
        assert len({str(told(customer)) for customer in (*range(1, 9), 10**6)}) == 1


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
