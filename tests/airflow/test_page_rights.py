"""The page in a real Airflow: its login, its rights, its audit log."""

import json
from concurrent.futures import Future

import httpx
import pytest
from customers import space_spec
from page_users import LOOKED_AT, LOOKUPS
from real_airflow import RealAirflow

from local.credentials import passwords_file
from local.supervisor import API_SERVER

AS_OF = "2026-03-29T02:00"
FORM = {"space": LOOKED_AT, "customer_id": "7"}
ENDPOINTS = {
    ("GET", f"?space={LOOKED_AT}"): 403,
    ("GET", f"?space={LOOKED_AT}&part=lookup"): 403,
    ("GET", f"report?space={LOOKED_AT}"): 403,
    ("POST", "customer"): 403,
    ("POST", "audience"): 403,
    ("GET", "?space=nowhere"): 403,
    ("GET", "openapi.json"): 404,
}
"""What somebody without the DAG gets."""

PERSONS = ("part=lookup", "customer", "audience")
AUDIT = (
    "select owner, event, dag_id, extra from log where owner = %s"
    " and event like 'kindred_look_up%%' order by id"
)


def begin(airflow: RealAirflow) -> Future[object]:
    spec = space_spec(LOOKED_AT, clustering={"algorithms": ["kmeans"]})
    return airflow.meanwhile(airflow.laboratory.run, spec, AS_OF)


@pytest.fixture(scope="module")
def sign_in(airflow, begun_here):
    """Sign in; None for somebody who has not."""
    begun_here.result()
    passwords = json.loads(passwords_file(airflow.local.layout).read_text(encoding="utf-8"))
    clients = []

    def signed_in(name):
        client = httpx.Client(base_url=airflow.local.url, timeout=60, trust_env=False)
        clients.append(client)
        if name is not None:
            user = {"username": name, "password": passwords[name]}
            token = client.post("/auth/token", json=user).raise_for_status().json()["access_token"]
            client.cookies.set("_token", token)  # as a browser has it
        return client

    yield signed_in
    for client in clients:
        client.close()


def ask(client, method, path, **headers):
    form = {"data": FORM | {"audience": "none"}} if method == "POST" else {}
    headers = {"sec-fetch-site": "same-origin", **headers}
    return client.request(method, f"/kindred/{path}", headers=headers, **form)


@pytest.mark.parametrize("name", [None, "stranger", "viewer", "editor", "admin"])
def test_airflows_own_rights_decide(sign_in, name):
    client = sign_in(name)
    for (method, path), without in ENDPOINTS.items():
        found = ask(client, method, path)
        is_of_person = any(word in path for word in PERSONS)
        if name is None:
            expected = 401
        elif name == "stranger" or "nowhere" in path or "openapi" in path:
            expected = without
        elif name == "viewer" and is_of_person:
            expected = 403
        else:
            expected = 404 if path == "audience" else 200
        assert found.status_code == expected, (name, method, path)
        assert "default-src 'none'" in found.headers["content-security-policy"]


def test_it_is_in_the_navigation_and_on_the_page_of_a_dag(airflow, sign_in):
    found = airflow.call("GET", "plugins")["plugins"]
    [plugin] = [one for one in found if one["name"] == "kindred"]
    views = {one["destination"]: one for one in plugin["external_views"]}
    assert set(views) == {"nav", "dag"}
    # Not from the root: Airflow may be below a prefix.
    assert not any(one["href"].startswith(("/", "http")) for one in views.values())
    assert airflow.call("GET", "plugins/importErrors")["import_errors"] == []
    viewer = sign_in("viewer")
    address = views["dag"]["href"].replace("{DAG_ID}", f"customer_similarity__{LOOKED_AT}")
    assert f"{LOOKED_AT}: {AS_OF.replace('T', ' ')}" in viewer.get(f"/{address}").text
    address = views["dag"]["href"].replace("{DAG_ID}", "none_of_ours")
    assert "makes no snapshots" in viewer.get(f"/{address}").text


def test_look_ups_are_in_both_logs_and_limited_for_all_processes(airflow, sign_in):
    client = sign_in("editor")
    before = len(audit(airflow, "editor"))
    found = [ask(client, "POST", "customer") for _ in range(LOOKUPS - before + 1)]
    assert [one.status_code for one in found] == [200] * (LOOKUPS - before) + [429]
    # The first of them leaves the hour before an hour is over.
    assert 3000 < int(found[-1].headers["retry-after"]) < 3600
    assert "The next is possible in " in found[-1].text
    rows = audit(airflow, "editor")
    assert rows[-2:] == [
        ("editor", "kindred_look_up", f"customer_similarity__{LOOKED_AT}", "customer"),
        ("editor", "kindred_look_up_refused", f"customer_similarity__{LOOKED_AT}", "customer"),
    ]
    assert len(rows) == LOOKUPS + 1
    lines = airflow.local.layout.log_file(API_SERVER).read_text(encoding="utf-8")
    assert f"look-up: user editor, space {LOOKED_AT}, customer 7" in lines
    assert audit(airflow, "viewer") == []


def test_a_form_of_another_site_is_no_look_up(airflow, sign_in):
    before = audit(airflow, "admin")
    assert ask(sign_in("admin"), "POST", "customer", **{"sec-fetch-site": "cross-site"}).is_error
    assert audit(airflow, "admin") == before


def audit(airflow, name):
    with airflow._record.cursor() as cursor:
        cursor.execute(AUDIT, [name])
        return cursor.fetchall()
