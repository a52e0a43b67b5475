"""Keys of every type, more than one space, and every metric: whole runs against brute force."""

from uuid import UUID

import numpy as np
import pytest

from integration.warehouse import COLUMNS as CUSTOMERS
from integration.warehouse import make_spec, moment, people
from kindred.encoding.vectors import read_embeddings
from kindred.warehouse.keys import KeyType

FIRST, SECOND = "2026-02-01T02:00", "2026-02-02T02:00"
COUNT, K = 80, 5

ODD_TEXTS = [
    " x",
    "x ",
    "10",
    "9",
    "a",
    "A",
    "Z",
    "é",
    "e",
    "ключ",
    "客户",
    "😀",
    "O'Hara",
    'say "x"',
]
ODD_TEXTS += [" lead", "trail ", "50% off %s", "{key}", "back\\slash", "tab\there", "line\nbreak"]
ODD_UUIDS = [0, 1, 1 << 8, 0xFF << 120, (1 << 128) - 1, 0x80 << 120, 0x61 << 120]


def keys_of(key_type):
    """Keys that are hard to order, in no order."""
    rng = np.random.default_rng(4)
    keys = {
        KeyType.BIGINT: [-(2**63), -10, -9, 0, 9, 10, 2**31, 2**63 - 1, *range(100, 172)],
        KeyType.UUID: [
            str(UUID(int=number))
            for number in [*ODD_UUIDS, *(int.from_bytes(rng.bytes(16)) for _ in range(73))]
        ],
        KeyType.TEXT: [*ODD_TEXTS, *(f"Customer {i}" for i in range(COUNT - len(ODD_TEXTS)))],
    }[key_type]
    assert len(keys) == len(set(keys)) == COUNT
    return [keys[i] for i in rng.permutation(COUNT)]


def stored_vectors(laboratory, schema="kindred"):
    """Keys and embeddings in the order that the server gives them."""
    rows = laboratory.query(
        f"select customer_id, embedding::text from {schema}.customer_embeddings"  # noqa: S608
        " order by customer_id"
    )
    vectors = np.array([text[1:-1].split(",") for _, text in rows], dtype=np.float32)
    return [key for key, _ in rows], vectors


def brute_force(vectors, metric, k):
    """Position and distance of the neighbours; those whose distance is not a number are none."""
    exact = vectors.astype(np.float64)
    if metric == "l2":
        table = np.sqrt(((exact[:, None, :] - exact[None, :, :]) ** 2).sum(axis=2))
    else:
        table = -(exact[:, None, :] * exact[None, :, :]).sum(axis=2)
    if metric == "cosine":
        lengths = np.sqrt((exact**2).sum(axis=1))
        with np.errstate(invalid="ignore"):
            table = 1 + table / np.outer(lengths, lengths)
    np.fill_diagonal(table, np.nan)
    table = table.astype(np.float32)
    neighbours = []
    for row in table:
        nearest = [int(i) for i in np.lexsort((np.arange(len(row)), row)) if not np.isnan(row[i])]
        neighbours.append([(i, row[i]) for i in nearest[:k]])
    return neighbours


def lookalikes(laboratory, bi="bi"):
    found = {}
    for customer, rank, other, distance in laboratory.query(
        f"select customer_id, rank, lookalike_id, distance from {bi}.lookalikes_current"  # noqa: S608
        " order by customer_id, rank"
    ):
        found.setdefault(customer, []).append((other, distance))
        assert rank == len(found[customer]), "ranks have no gaps"
    return found


def assert_lookalikes_are_right(laboratory, metric="l2", *, schema="kindred", bi="bi"):
    """Lookalikes and the function of bi against brute force and pgvector's own operator."""
    keys, vectors = stored_vectors(laboratory, schema)
    found = lookalikes(laboratory, bi)
    expected = brute_force(vectors, metric, K)
    assert set(found) == {key for key, row in zip(keys, expected, strict=True) if row}
    for key, row in zip(keys, expected, strict=True):
        if row:
            assert [other for other, _ in found[key]] == [keys[i] for i, _ in row]
            np.testing.assert_allclose([d for _, d in found[key]], [d for _, d in row], atol=1e-6)
    operator = {"l2": "<->", "cosine": "<=>", "ip": "<#>"}[metric]
    (worst,) = laboratory.query(
        f"""
        select max(abs(distance - (own.embedding operator(public.{operator}) other.embedding)))
        from {bi}.lookalikes_current
        join {schema}.customer_embeddings as own using (customer_id)
        join {schema}.customer_embeddings as other on other.customer_id = lookalike_id
        """  # noqa: S608
    )
    assert worst[0] < 1e-5
    for key in list(found)[::7]:
        answer = laboratory.query(
            f"select lookalike_id, distance from {bi}.similar_customers(%s, %s)",  # noqa: S608
            (key, K),
        )
        distances = [distance for _, distance in answer]
        np.testing.assert_allclose(distances, [d for _, d in found[key]], atol=1e-5)
        assert key not in [similar for similar, _ in answer]
        nearest = {other for other, d in found[key] if d < found[key][-1][1] - 1e-5}
        assert nearest <= {similar for similar, _ in answer}


def change_some_customers(laboratory, rows, new_keys):
    """A night later: two customers changed, two gone, two new. Returns the keys of today."""
    changed, gone = [row[0] for row in rows[:2]], [row[0] for row in rows[2:4]]
    for statement, keys in (
        ("update customers set income = income + 5000, updated_at = '2026-02-01T12:00Z'", changed),
        ("delete from customers", gone),
    ):
        texts = [str(key) for key in keys]
        where = " where customer_id::text = any(%s)"
        laboratory.query(statement + where, (texts,), source=True)
    fresh = people(2, seed=9, first="2026-02-01T12:00", days=1, keys=new_keys)
    laboratory.append("customers", fresh)
    return {row[0] for row in rows[4:]} | set(changed) | set(new_keys)


@pytest.mark.parametrize(
    ("key_type", "source_type", "new_keys"),
    [
        (KeyType.BIGINT, "bigint", [-(2**63) + 1, 50]),
        pytest.param(
            *(KeyType.UUID, "uuid", [str(UUID(int=2)), str(UUID(int=0x7F << 120))]),
            marks=pytest.mark.bare,
        ),
        pytest.param(
            *(KeyType.TEXT, "text", ["Customer 100", 'ñ\' "new" one, longer than every other key']),
            marks=pytest.mark.texts,
        ),
    ],
)
def test_a_whole_run_and_the_night_after(laboratory, key_type, source_type, new_keys):
    rows = people(COUNT, keys=keys_of(key_type))
    columns = CUSTOMERS.replace("customer_id bigint", f"customer_id {source_type}")
    laboratory.fill("customers", columns, rows)
    spec = make_spec()
    for as_of in (FIRST, SECOND):
        expected = {row[0] for row in rows}
        if as_of == SECOND:
            expected = change_some_customers(laboratory, rows, new_keys)
        run = laboratory.run(spec, as_of, until="clean_up")
        with run.warehouse("test") as warehouse:
            assert run.key_type(warehouse) is key_type
        in_numpy = read_embeddings(run, key_type).customers
        assert (np.sort(in_numpy) == in_numpy).all()
        in_sql = [str(key) for key in stored_vectors(laboratory)[0]]
        assert in_sql == [str(key) for key in key_type.to_python(in_numpy)]
        assert set(in_sql) == {str(key) for key in expected}
        assert_lookalikes_are_right(laboratory)
        algorithms = laboratory.query(
            "select algorithm, count(distinct customer_id) from bi.clusters_current group by 1"
        )
        assert algorithms == [("hdbscan", COUNT), ("kmeans", COUNT)]
    assert run.build.facts["embeddings"]["mode"] == "delta"
    assert laboratory.query("select count(*) from kindred.index_builds") == [(1,)]


@pytest.mark.parametrize(
    "source_type",
    [
        "smallint",
        "integer",
        pytest.param("varchar(40)", marks=pytest.mark.texts),
        pytest.param("char(8)", marks=pytest.mark.bare),
    ],
)
def test_related_types_become_one_of_the_three(laboratory, source_type):
    """A space that is there was made for one of them, and refuses another."""
    columns = CUSTOMERS.replace("customer_id bigint", f"customer_id {source_type}")
    laboratory.fill("customers", columns, people(30))
    laboratory.land(make_spec(), FIRST)
    (key_type,) = laboratory.query("""
        select format_type(typbasetype, null), collname
        from pg_type left join pg_collation on pg_collation.oid = typcollation
        where typname = 'customer_key'
    """)
    is_number = source_type in ("smallint", "integer")
    assert key_type == (("bigint", None) if is_number else ("text", "C"))
    keys = [key for (key,) in laboratory.query("select customer_id from kindred.customer_versions")]
    numbers = range(1, 31)
    assert set(keys) == set(numbers if is_number else map(str, numbers))


def test_a_second_space_beside_the_default_one(laboratory):
    default = make_spec()
    loyal = make_spec(
        "loyal",
        source={"table": "members", "key": "member"},
        metric="cosine",
        features={"income": {"kind": "numeric", "weight": 2.0}, "age": "numeric"},
    )
    laboratory.fill("customers", CUSTOMERS, people(COUNT))
    members = CUSTOMERS.replace("customer_id bigint", "member text")
    laboratory.fill("members", members, people(50, seed=3, keys=[f"M{i}" for i in range(50)]))
    assert (loyal.internal_schema, loyal.bi_schema) == ("kindred_loyal", "bi_loyal")
    laboratory.run(default, FIRST)
    before = laboratory.hashes()
    functions = "select oid, prosrc from pg_proc where pronamespace = 'bi'::regnamespace"
    functions_before = laboratory.query(functions)
    laboratory.run(loyal, FIRST)
    assert laboratory.hashes() == before
    assert laboratory.query(functions) == functions_before
    schemas = laboratory.query("select nspname from pg_namespace where nspname ~ '^(kin|bi)'")
    assert set(schemas) == {("kindred",), ("bi",), ("kindred_loyal",), ("bi_loyal",)}
    assert_lookalikes_are_right(laboratory)
    assert_lookalikes_are_right(laboratory, "cosine", schema="kindred_loyal", bi="bi_loyal")
    loyal_before = laboratory.hashes("loyal")
    assert loyal_before["customer_versions"] != before["customer_versions"]
    laboratory.run(default, SECOND)
    assert laboratory.hashes("loyal") == loyal_before
    current = "select as_of, customers from {}.snapshots where is_current"
    assert laboratory.query(current.format("bi")) == [(moment(SECOND), COUNT)]
    assert laboratory.query(current.format("bi_loyal")) == [(moment(FIRST), 50)]
    granted = laboratory.query("""
        select nspname from pg_namespace
        where nspname ~ '^(kindred|bi)' and has_schema_privilege('bi_reader', nspname, 'usage')
        order by 1
    """)
    assert granted == [("bi",), ("bi_loyal",)]


PLANE = "customer_id bigint, updated_at timestamptz, x integer, y integer, is_active boolean"
ZEROS = {91, 92, 93}


def plane():
    """Customers around the origin, so that their means are 0, and three right at it."""
    rng = np.random.default_rng(6)
    half = rng.integers(-50, 51, (45, 2)) + np.array([3, 7])
    points = np.concatenate([half, -half]).tolist()
    when = moment("2026-01-05T00:00")
    rows = [(i, when, x, y, None) for i, (x, y) in enumerate(points, start=1)]
    return rows + [(key, when, 0, 0, None) for key in sorted(ZEROS)]


@pytest.mark.parametrize("metric", ["l2", "cosine", "ip"])
def test_metrics(laboratory, metric):
    algorithms = ["kmeans"] if metric == "ip" else ["kmeans", "hdbscan"]
    spec = make_spec(
        metric=metric,
        features={"x": "numeric", "y": {"kind": "numeric", "weight": 2}},
        labels=[],
        clustering={"algorithms": algorithms},
    )
    laboratory.fill("customers", PLANE, plane())
    run = laboratory.run(spec, FIRST)
    without = ZEROS if metric == "cosine" else set()
    facts = run.build.facts
    assert (facts["customers"], facts["eligible"]) == (93, 93 - len(without))
    assert facts["lookalikes"] == (93 - len(without)) * K
    _, vectors = stored_vectors(laboratory)
    assert (~vectors.any(axis=1)).sum() == 3
    assert_lookalikes_are_right(laboratory, metric)
    found = lookalikes(laboratory)
    assert not without & set(found)
    assert not without & {other for row in found.values() for other, _ in row}
    everyone = laboratory.query("select lookalike_id, distance from bi.similar_customers(1, 1000)")
    assert len(everyone) == 92 - len(without)
    assert not without & {key for key, _ in everyone}
    assert all(distance == distance for _, distance in everyone)
    of_zero = laboratory.query("select count(*) from bi.similar_customers(91, 10)")
    assert of_zero == [(0 if metric == "cosine" else 10,)]
    clustered = laboratory.query("select count(*) from bi.clusters_current group by algorithm")
    assert clustered == [(93,)] * len(algorithms)


def test_cosine_without_any_direction(laboratory):
    spec = make_spec(metric="cosine", features={"x": "numeric", "y": "numeric"}, labels=[])
    rows = [(*row[:2], 4, 4, None) for row in plane()]
    laboratory.fill("customers", PLANE, rows)
    run = laboratory.run(spec, FIRST)
    assert (run.build.state, run.build.facts["eligible"]) == ("published", 0)
    assert lookalikes(laboratory) == {}
    assert laboratory.query("select count(*) from bi.similar_customers(1, 5)") == [(0,)]
    assert laboratory.query("select recall from bi.snapshots") == [(1.0,)]


@pytest.mark.parametrize(
    ("metric", "similarity"),
    [("l2", "1 / (1 + distance)"), ("cosine", "1 - distance"), ("ip", "-distance")],
)
def test_similarity_follows_the_metric(laboratory, metric, similarity):
    algorithms = ["kmeans"] if metric == "ip" else ["hdbscan"]
    spec = make_spec(metric=metric, clustering={"algorithms": algorithms})
    laboratory.fill("customers", CUSTOMERS, people(30))
    laboratory.run(spec, FIRST)
    for relation in ("lookalikes", "lookalikes_current", "similar_customers(7, 20)"):
        (found,) = laboratory.query(
            f"select count(*), max(abs(similarity - ({similarity}))) from bi.{relation}"  # noqa: S608
        )
        assert found[0] >= 20
        assert found[1] < 1e-6
