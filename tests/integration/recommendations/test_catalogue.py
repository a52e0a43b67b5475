"""The catalogue lands as versions, with the newest window only."""

import re
from dataclasses import replace

import numpy as np
import pytest

from integration.events_shop import FIRST_NIGHT, LAST_NIGHT, open_shop, products
from integration.recommendations.shop import spec_of
from integration.warehouse import moment
from kindred.errors import PreflightError
from kindred.preparation.preflight import inspect
from kindred.recommendations.catalogue_rows import check_catalogue, hidden_rows, listing_of
from kindred.recommendations.task import copy_catalogue, keep_catalogue
from kindred.run.findings import Outcome

ITEMS = np.array(["1", "60", "61", "unknown"])


@pytest.fixture(scope="module")
def shop(make_laboratory):
    laboratory = make_laboratory()
    open_shop(laboratory, lines=[], people=[])
    return laboratory


def listing(shop, as_of):
    with shop.deployment.warehouse("test", "kindred") as database:
        found = listing_of(database, spec_of(), ITEMS, moment(as_of))
    return found.names.tolist(), found.available.tolist(), found.landed_at


def versions(shop):
    return shop.query(
        "select item, name, is_available, landed_at from kindred.catalogue_versions order by 4, 1"
    )


def test_versions_of_what_is_new_changed_or_gone(shop, caplog):
    begun = shop.begin(spec_of(), FIRST_NIGHT)

    def land(as_of, run=begun, **changes):
        run = replace(run, as_of=moment(as_of), **changes)
        read = copy_catalogue(run)["catalogue"]
        keep_catalogue(run)
        return read

    as_text = "drop constraint products_pkey, alter product_id type text"
    shop.query(f"alter table products {as_text}", source=True)
    too_long = "".join(map(chr, range(0x4E00, 0x4E00 + 5000)))
    shop.append("products", [(too_long, "no event has it", True)])
    assert land(FIRST_NIGHT) == len(products()) + 1
    assert len(versions(shop)) == len(products())
    assert "1 rows name no item, one twice, or one longer than 2000 bytes" in caplog.text
    shop.query("delete from products where product_id = %s", [too_long], source=True)
    shop.query("update products set name = 'Pear' where product_id = '1'", source=True)
    shop.query("delete from products where product_id = '2'", source=True)
    shop.query("insert into products values ('61', null, null)", source=True)
    assert land(FIRST_NIGHT) == 0  # the window has brought it: a rerun changes nothing
    for again in (False, True):
        assert land(LAST_NIGHT, full_extract=again) == len(products())
    assert versions(shop)[len(products()) :] == [
        ("1", "Pear", True, moment(LAST_NIGHT)),
        ("2", "Product 2", False, moment(LAST_NIGHT)),
        ("61", None, False, moment(LAST_NIGHT)),
    ]
    assert listing(shop, LAST_NIGHT) == (
        ["Pear", "Product 60", None, None],
        [True, False, False, False],
        moment(LAST_NIGHT),
    )
    assert listing(shop, FIRST_NIGHT)[:2] == (
        ["Product 1", "Product 60", None, None],
        [True, False, False, False],
    )
    assert listing(shop, "2026-03-31T02:00") == ([None] * 4, [True] * 4, None)
    assert "no catalogue had landed" in caplog.text
    # An earlier date, and a backfill, bring nothing.
    assert land("2026-04-20T02:00", full_extract=True) == 0
    of_a_backfill = replace(begun, build=replace(begun.build, may_fit=False))
    assert land("2026-05-03T02:00", of_a_backfill) == 0
    # Nor does an empty one.
    shop.query("delete from products", source=True)
    land("2026-05-04T02:00")
    assert "is empty: the last catalogue that has landed is kept" in caplog.text
    assert listing(shop, "2026-05-04T02:00")[2] == moment(LAST_NIGHT)


@pytest.mark.parametrize(
    ("catalogue", "message"),
    [
        ({"table": "no.such"}, "recommendations.catalogue.*no such table"),
        ({"key": "product"}, "no column 'product', which .* names as key.*did you mean"),
        ({"available": "name"}, "'name', which says whether .* is of type text; boolean"),
        ({"where": "price > 1"}, 'cannot be read: column "price" does not exist'),
    ],
)
def test_a_catalogue_that_cannot_be_read_is_refused(shop, catalogue, message):
    spec = spec_of(catalogue=catalogue)
    with shop.deployment.reader("kindred_source", "test") as origin:
        with pytest.raises(PreflightError, match=message):
            check_catalogue(origin, spec.recommendations.catalogue)
        assert check_catalogue(origin, spec_of().recommendations.catalogue) == 3
        assert hidden_rows(origin, spec_of().recommendations.catalogue) is None
    for asked, outcome in ((spec, Outcome.FAILURE), (spec_of(), Outcome.OK)):
        deployment = shop.deployment
        with deployment.source(asked, "test") as origin, deployment.warehouse("test") as warehouse:
            found = inspect(asked, deployment, origin, warehouse).findings
        [(of_catalogue, text)] = [(f.outcome, f.message) for f in found if f.check == "catalogue"]
        assert of_catalogue is outcome
        assert re.search(message, text) or outcome is Outcome.OK


def test_the_fit_before_a_backfill_brings_the_catalogue(laboratory):
    """The dates of a backfill do not: the newest one has names, whatever their order."""
    open_shop(laboratory)
    laboratory.fit(spec_of(), LAST_NIGHT)
    landed = laboratory.query("select landed_at from kindred.catalogue_landings")
    assert landed == [(moment(LAST_NIGHT),)]
    tables = "select count(*) from pg_tables where tablename like 'landing_catalogue%'"
    assert laboratory.query(tables) == [(0,)]
