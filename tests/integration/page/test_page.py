"""The page on a real ``bi``: what it shows, to whom, and what it never shows."""

import logging
import re
from contextlib import contextmanager

import pytest

from databases import administer
from integration.bi_login import login_of
from integration.events_shop import FIRST_NIGHT
from integration.page.page_client import SAME_ORIGIN, Client, StandIn
from integration.reports.report_scene import (
    HOSTILE_COLUMN,
    HOSTILE_ITEM,
    HOSTILE_VALUE,
    SECRET_COLUMN,
    SECRET_VALUE,
)
from kindred.page import app as page_app
from kindred.page import bi_session, found_html, person_rows, views
from kindred.page.shell import HEADERS
from kindred.reports.report import read_figures
from kindred.spec.model import bi_schema_of

PARTS = (
    *({"part": part} for part in ("night", "lookalikes", "index", "audiences", "recommendations")),
    {"part": "segments", "algorithm": "kmeans"},
    {"part": "segments", "algorithm": "hdbscan"},
)
LOOKUPS = {
    "/customer": {"customer_id": "7"},
    "/audience": {"audience": "leaving"},
}
ENDPOINTS = {
    **{
        ("GET", f"/?part={part['part']}&algorithm={part.get('algorithm', '')}"): {}
        for part in PARTS
    },
    ("GET", "/?part=lookup"): {},
    ("GET", "/report"): {},
    **{("POST", path): form for path, form in LOOKUPS.items()},
}
PERSONS = {("GET", "/?part=lookup"), *(("POST", path) for path in LOOKUPS)}


def rights_of(user, endpoint):
    if user is None:
        return 401
    if user in ("stranger", "elsewhere") or (user == "viewer" and endpoint in PERSONS):
        return 403
    return 200


@pytest.mark.parametrize("user", [None, "stranger", "elsewhere", "viewer", "admin"])
def test_rights_decide_who_sees_what(client, user, monkeypatch):
    monkeypatch.setattr(views, "report_html", lambda figures: "<figure>")  # drawing takes seconds
    for endpoint, form in ENDPOINTS.items():
        method, path = endpoint
        space = "&space=default" if "?" in path else "?space=default"
        asked = path + space if method == "GET" else path
        sent = {"data": {**form, "space": "default"}} if method == "POST" else {}
        found = client.ask(method, asked, user, **sent)
        assert found.status_code == rights_of(user, endpoint), (user, endpoint)
        assert ("<figure" in found.text) <= (found.status_code == 200)


def test_without_rights_nobody_learns_what_there_is(client):
    for path in ("/docs", "/openapi.json", "/redoc", "/nothing", "/customer", "/?space=other"):
        assert client.ask("GET", path, None).status_code == 401, path
    texts = {
        client.get("viewer", space=name).text for name in ("other", "kindred", "'; --", "a" * 500)
    }
    assert len(texts) == 1
    for path in ("/docs", "/openapi.json", "/nothing"):
        assert client.ask("GET", path).status_code == 404
    assert client.ask("DELETE", "/").status_code == 404


def test_every_part_has_its_charts_and_no_customer(client, reported):
    ids = {str(one) for (one,) in reported.query("select lookalike_id from bi.lookalikes_current")}
    for part in PARTS:
        text = client.get("viewer", **part).text
        assert "<figure" in text or 'class="block' in text, part
        assert "Look up" not in text
        shown = re.sub(r"<style>.*?</style>|<svg.*?</svg>|<[^>]*>", " ", text, flags=re.DOTALL)
        named = set(re.findall(r"customer (\d+)", shown, re.IGNORECASE)) & ids
        assert not named, part


def test_the_page_is_of_the_chosen_snapshot(client):
    now, then = client.get().text, client.get(as_of=FIRST_NIGHT).text
    assert "Current snapshot: 310 customers" in now
    assert "Earlier snapshot: 300 customers" in then
    assert f'<option value="{FIRST_NIGHT}:00+00:00" selected>' in then
    assert f"as_of={FIRST_NIGHT.replace(':', '%3A')}" in then
    for wrong, words in (
        ("yesterday", "not an ISO 8601 date"),
        ("2026-01-01T00:00:00+99:00", "not an ISO 8601 date"),
        ("0001-01-01T00:00:00+23:59", "outside of the years 1 to 9999"),
    ):
        found = client.get(as_of=wrong)
        assert (found.status_code, words in found.text) == (400, True), wrong
    assert "Earlier snapshot: 300 customers" in client.get(as_of=FIRST_NIGHT[:10]).text
    assert client.get(as_of="2026-04-02").status_code == 404
    for wrong in (
        {"part": "secrets"},
        {"part": "segments"},
        {"part": "segments", "algorithm": "x"},
    ):
        assert client.get(**wrong).status_code == 404


def test_without_a_space_the_first_that_has_a_snapshot_opens(client):
    rights = {"some": {"odd": "read", "default": "read", "more": "read"}, "one": {"odd": "read"}}
    page = Client(StandIn(client.access.conninfo(), rights))
    found = page.get("some", part="map")
    assert found.status_code == 302
    assert found.headers["location"] == "./?part=map&space=default"
    assert page.get("some", space="odd").status_code == 404
    assert page.get("one").status_code == 404


def test_algorithms_have_the_order_of_the_report(client, reported):
    with reported.deployment.warehouse("test", "") as database:
        main = read_figures(database, "default", "bi").mapped
    found = re.findall(r">Segments by (\w+)</a>", client.get().text)
    assert sorted(found) == ["hdbscan", "kmeans"]
    assert found[0] == main == "kmeans"


def test_a_dag_leads_to_its_space(client):
    assert "Current snapshot" in client.get(dag="customer_similarity").text
    found = client.get(dag="somebody_elses")
    assert (found.status_code, "makes no snapshots" in found.text) == (200, True)
    assert client.get("elsewhere", dag="customer_similarity").status_code == 403


def test_a_customer_has_lookalikes_reasons_segments_and_items(client, reported):
    text = client.post("/customer", customer_id="7").text
    rows = reported.query(
        "select lookalike_id::text from bi.lookalikes_current where customer_id = 7 order by rank"
    )
    lookalikes = re.findall(r'form="found" name="customer_id" value="(\d+)"', text)
    assert lookalikes == [one for (one,) in rows]
    assert f"Why 7 is similar to {lookalikes[0]}" in text or "Why customer 7" in text
    for title in ("Who is similar", "Segments", "Recommendations"):
        assert f">{title}</h3>" in text
    assert text.count("2026-04-01 02:00</th>") == 1
    other = client.post("/customer", customer_id="7", beside=lookalikes[2]).text
    assert re.search(rf"Why .*7 is similar to {lookalikes[2]}", other)
    # Somebody who is no lookalike is not compared with.
    stranger = client.post("/customer", customer_id="7", beside="9").text
    assert re.search(rf"Why .*7 is similar to {lookalikes[0]}", stranger)
    earlier = client.post("/customer", customer_id="7", as_of=FIRST_NIGHT).text
    assert "Who is similar" in earlier
    assert "is similar to" not in earlier


def test_public_columns_show_who_the_lookalikes_are(client, server, reported, copy_laboratory):
    copied = copy_laboratory(reported)
    copied.query(
        "drop view if exists bi.customers; create view bi.customers as"
        " select as_of, customer_id, 'town ' || customer_id as town, null::text as note"
        " from bi.lookalikes_current where rank = 1; grant select on bi.customers to bi_reader"
    )
    shown = Client(StandIn(login_of(server, copied), client.access.rights))
    text = shown.post("/customer", customer_id="7").text
    for one in ("7", *re.findall(r'form="found" name="customer_id" value="(\d+)"', text)):
        assert f"town {one}<" in text


def test_an_audience_has_members_by_rank_page_by_page(client, reported, monkeypatch):
    rows = reported.query(
        "select customer_id::text from bi.audience_members_current where audience = 'leaving'"
        " order by rank"
    )
    text = client.post("/audience", audience="leaving").text
    listed = re.findall(r'name="customer_id" value="(\d+)"', text)
    assert listed == [one for (one,) in rows[:50]]
    assert "leaving: its first" in text
    assert ">Next</button>" not in text
    monkeypatch.setattr(person_rows, "MOST_MEMBERS", 10)
    monkeypatch.setattr(found_html, "MOST_MEMBERS", 10)
    text = client.post("/audience", audience="leaving").text
    [after] = re.findall(r'name="after" value="(\d+)"', text)
    text = client.post("/audience", audience="leaving", after=after).text
    assert re.findall(r'name="customer_id" value="(\d+)"', text) == [o for (o,) in rows[10:20]]
    for form in ({"audience": "none"}, {"audience": "leaving", "after": "1e3"}, {"audience": ""}):
        assert client.post("/audience", **form).status_code == 404
    assert "Nobody more" in client.post("/audience", audience="leaving", after="999999").text


HOSTILE_IDS = (
    "x' or '1'='1", "7; drop table kindred.snapshots", "1e3", "", " ", "\0", "7\0",
    "<script>alert(1)</script>", "%s", "{bi}", "\u2028", "9" * 30, "-1", "7 or 1=1", "\ud800",
)  # fmt: skip


@pytest.mark.parametrize("wrong", HOSTILE_IDS[:-1])
def test_an_id_is_neither_a_statement_nor_html(client, wrong):
    found = client.post("/customer", customer_id=wrong)
    assert found.status_code == 404
    assert "not a key of type bigint" in found.text or "no customer of this id" in found.text
    assert wrong.strip() == "" or len(wrong) < 3 or wrong not in found.text
    assert client.post("/customer", customer_id="7", beside=wrong).status_code in (200, 404)
    assert client.post("/audience", audience=wrong).status_code == 404


def test_names_and_values_of_the_data_are_escaped_everywhere(client):
    pages = [client.get(**part).text for part in PARTS]
    pages += [client.post(path, **form).text for path, form in LOOKUPS.items()]
    for text in pages:
        for hostile in (HOSTILE_COLUMN, HOSTILE_VALUE, HOSTILE_ITEM, "\u2028", "<script"):
            assert hostile not in text
        assert SECRET_COLUMN not in text
        assert SECRET_VALUE not in text
    assert any("&lt;img src=x" in text for text in pages)
    assert any("&lt;/script&gt;" in text for text in pages)


def test_what_a_user_sends_is_escaped(client):
    sent = '"><script>alert(1)</script>'
    for asked in ({"part": sent}, {"part": "segments", "algorithm": sent}, {"as_of": sent},
                  {"dag": sent}, {"space": sent}):  # fmt: skip
        assert "<script" not in client.get(**asked).text, asked


def test_every_answer_allows_no_script_and_no_other_site(client):
    answers = [client.get(user) for user in (None, "stranger", "admin")]
    answers += [client.get(part="x"), client.ask("GET", "/nothing")]
    answers += [client.post(path, **form) for path, form in LOOKUPS.items()]
    for found in answers:
        for name, value in HEADERS.items():
            assert found.headers[name] == value, found
        assert "script-src" not in found.headers["content-security-policy"]
        addresses = re.findall(r'(?:href|src|action)="([^"]*)"', found.text)
        outside = [a for a in addresses if re.match(r"[a-z]+:|/", a) and a != "data:,"]
        assert outside == []
    assert client.ask("GET", "/customer").headers["location"] == "./?part=lookup"


def test_a_form_of_another_site_is_refused(client):
    ids = {"customer_id": "7"}
    for headers, status in (
        (SAME_ORIGIN, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site", "origin": "http://page"}, 403),
        ({"origin": "http://page"}, 200),
        ({"origin": "http://page.example", "host": "page"}, 403),
        ({"origin": "https://airflow.example", "x-forwarded-host": "airflow.example"}, 200),
        ({"origin": "null"}, 403),
        ({}, 403),
    ):
        found = client.ask("POST", "/customer", data=ids, headers=headers)
        assert found.status_code == status, headers
    token = {"authorization": "admin"}
    assert client.ask("POST", "/customer", None, data=ids, headers=token).status_code == 200
    assert client.ask("POST", "/customer", json=ids).status_code == 415
    assert client.ask("POST", "/customer", data={"customer_id": "7" * 9000}).status_code == 413
    many = {f"field{number}": "1" for number in range(11)}
    assert client.ask("POST", "/customer", data=many).status_code == 400
    form = {"content-type": "application/x-www-form-urlencoded", **SAME_ORIGIN}
    broken = client.ask("POST", "/customer", content=b"customer_id=%ff", headers=form)
    assert broken.status_code == 400


def test_look_ups_are_logged_with_user_and_id_and_limited(server, reported, caplog):
    access = StandIn(login_of(server, reported), {"admin": {"default": "edit"}}, limit=2)
    limited = Client(access)
    with caplog.at_level(logging.INFO, "kindred.page"):
        assert limited.post("/customer", customer_id="7").status_code == 200
        assert limited.post("/customer", customer_id="99\nlook-up: user eve").status_code == 404
        refused = limited.post("/audience", audience="leaving")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "754")
    assert re.search(r"The next is possible in 13 minutes, at \d\d:\d\d:\d\d UTC", refused.text)
    assert access.made == [
        ("admin", "default", "customer"), ("admin", "default", "customer"),
        ("admin", "default", "audience"),
    ]  # fmt: skip
    lines = [record.getMessage() for record in caplog.records if "look-up" in record.getMessage()]
    assert lines == [
        "look-up: user admin, space default, customer 7",
        r"look-up: user admin, space default, customer 99\nlook-up: user eve",
        "look-up beyond the limit: user admin, space default, audience leaving",
    ]
    assert limited.get().status_code == 200


@contextmanager
def login_with(server, name, *grants):
    administer(server, f"drop role if exists {name}", f"create role {name} login", *grants)
    yield
    administer(server, f"drop role {name}")


def test_a_login_that_could_read_more_than_bi_is_refused(server, reported, caplog):
    database = login_of(server, reported).replace("bi_login_of_tests", "{}")
    logins = {
        "kindred": (), "postgres": (),
        "page_reads_all": ("grant bi_reader, pg_read_all_data to page_reads_all",),
        "page_reads_nothing": (),
    }  # fmt: skip
    for name, grants in logins.items():
        client = Client(StandIn(database.format(name), {"admin": {"default": "edit"}}))
        caplog.clear()
        if name.startswith("page"):
            with login_with(server, name, *grants):
                found = client.get()
        else:
            found = client.get()
        assert found.status_code in (404, 503), name
        assert "310 customers" not in found.text
        if name != "page_reads_nothing":
            assert "could read more than BI may" in caplog.text, name


def test_a_warehouse_that_does_not_answer_is_said_without_its_address(client, monkeypatch, caplog):
    nowhere = Client(StandIn("postgresql://secret_login@127.0.0.1:1/x", client.access.rights))
    found = nowhere.get()
    assert (found.status_code, "cannot be shown now" in found.text) == (503, True)
    assert "secret_login" not in found.text
    assert "127.0.0.1" in caplog.text
    monkeypatch.setattr(bi_session, "STATEMENT_SECONDS", 0.001)
    assert client.get().status_code == 503
    monkeypatch.setattr(page_app, "MOST_WAITING", 0)
    busy = client.get()
    assert (busy.status_code, "Too many people" in busy.text) == (503, True)


def test_a_space_without_a_run_says_so(make_laboratory, server):
    empty = Client(StandIn(login_of(server, make_laboratory()), {"admin": {"default": "edit"}}))
    found = empty.get()
    assert (found.status_code, "no snapshot is published" in found.text) == (404, True)
    assert empty.post("/customer", customer_id="7").status_code == 404
    assert (bi_schema_of("default"), bi_schema_of("shop")) == ("bi", "bi_shop")
