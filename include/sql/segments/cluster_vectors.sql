-- k-means in the server's Python over a relation with customer_id and embedding: one row per customer
-- with its cluster (0 is the largest) and its membership (0 to 1). The caller declares the columns'
-- types and reads with its own privileges. One thread, a fixed seed and rows in key order: equal rows
-- give equal clusters. Memory is forecast before anything is read.
create or replace function plpython_kindred.cluster_vectors(relation regclass, k integer, is_cosine boolean, memory_mb integer)
returns setof record
language plpython3u stable
set search_path = pg_catalog, pg_temp
as $function$
import os

# Before NumPy loads its BLAS, whose threads would take signals that are meant for the backend.
os.environ.update((name + "_NUM_THREADS", "1") for name in ("OMP", "OPENBLAS", "MKL"))

import warnings

import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

SEED = 20180401
STARTS = 3
MINI_BATCH_ABOVE = 200000
MINI_BATCH = 8192
ROWS_AT_ONCE = 10000
DISTANCES_AT_ONCE = 10000000
# Of one backend, 32 dimensions: 249 MB for 100,000 rows, 584 for a million; text keys want more.
LIBRARIES_MB = 220
BYTES_A_ROW = 250
# Two copies of the distances at once, one more while they are made; 256 rows of them in each step of a
# start, and the centres of all starts.
COPIES_OF_DISTANCES = 3
BYTES_A_CLUSTER = 2 * 256 * 8
COPIES_OF_CENTRES = 2 * STARTS + 4
REFUSED = "P0001"  # as raise exception in PL/pgSQL


def measure():
    """Rows and dimensions of the relation; an error where memory_mb does not suffice for them."""
    size = plpy.execute(
        "select count(*) as rows, count(embedding) as vectors,"
        " min(%s.vector_dims(embedding)) as least, max(%s.vector_dims(embedding)) as most from %s"
        % (pgvector, pgvector, relation)
    )[0]
    if size["rows"] != size["vectors"] or size["least"] != size["most"]:
        plpy.error(
            "%s has %d rows without a vector, and vectors of %s to %s dimensions: each row must have one"
            " of as many dimensions as all others"
            % (relation, size["rows"] - size["vectors"], size["least"], size["most"]),
            sqlstate=REFUSED,
        )
    rows, dimensions = size["rows"], size["most"] or 0
    clusters = min(k, rows)
    distances = min(min(rows, ROWS_AT_ONCE) * clusters, DISTANCES_AT_ONCE)
    bytes = (
        rows * (8 * dimensions + BYTES_A_ROW)
        + clusters * (8 * dimensions * COPIES_OF_CENTRES + BYTES_A_CLUSTER)
        + 8 * COPIES_OF_DISTANCES * distances
    )
    needed = LIBRARIES_MB + bytes // 2**20
    if needed > memory_mb:
        plpy.error(
            "%d vectors of %d dimensions need about %d MB in one backend for %d clusters, but %d are allowed"
            % (rows, dimensions, needed, clusters, memory_mb),
            hint="Raise clustering.plpython.memory_mb in the spec, or use algorithm kmeans.",
            sqlstate=REFUSED,
        )
    return rows, dimensions


def read(rows, dimensions):
    """Keys and float64 vectors; as pgvector sends them, a vector is 4 bytes and then its values."""
    keys, vectors = [], np.empty((rows, dimensions))
    cursor = plpy.cursor(
        "select customer_id, %s.vector_send(embedding) as sent from %s order by customer_id"
        % (pgvector, relation)
    )
    while True:
        block = cursor.fetch(ROWS_AT_ONCE)
        if not block:
            return keys, vectors
        sent = np.frombuffer(b"".join([row["sent"] for row in block]), dtype=">f4")
        vectors[len(keys) : len(keys) + len(block)] = sent.reshape(len(block), -1)[:, 1:]
        keys.extend([row["customer_id"] for row in block])


def normalise(vectors):
    """Unit vectors in place: their squared distance is 2 (1 - cos); zero vectors stay."""
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))  # makes no copy, as norm does
    lengths[lengths == 0] = 1
    vectors /= lengths[:, None]


def fit(vectors, clusters):
    """The clustering of least inertia; a query that is canceled ends between two starts."""
    models = []
    for seed in range(SEED, SEED + STARTS):
        plpy.execute("select")
        if len(vectors) > MINI_BATCH_ABOVE:
            model = MiniBatchKMeans(clusters, n_init=1, random_state=seed, batch_size=MINI_BATCH)
        else:
            model = KMeans(clusters, n_init=1, random_state=seed, algorithm="lloyd", copy_x=False)
        models.append(model.fit(vectors))
    return min(models, key=lambda model: model.inertia_)


def assign(model, vectors):
    """The nearest centre of every vector, and how much nearer it is than the second nearest."""
    labels = np.empty(len(vectors), dtype=np.int32)
    membership = np.ones(len(vectors), dtype=np.float32)
    step = min(ROWS_AT_ONCE, DISTANCES_AT_ONCE // model.n_clusters)
    for start in range(0, len(vectors), step):
        rows = slice(start, start + step)
        distances = model.transform(vectors[rows])
        labels[rows] = distances.argmin(axis=1)
        if distances.shape[1] > 1:
            own, second = np.partition(distances, 1, axis=1)[:, :2].T
            membership[rows] = 1 - np.divide(own, second, out=np.ones_like(own), where=second > 0)
    return labels, membership


def by_size(labels):
    """Renumbered: 0 is the largest cluster; of equal ones, that with the first customer."""
    old, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    new = np.empty(old.max() + 1, dtype=np.int32)
    new[old[np.lexsort((first, -sizes))]] = np.arange(len(old))
    return new[labels]


if k is None or k < 1:
    plpy.error("k is %s, but must be at least 1" % k, sqlstate=REFUSED)
# Not on the search path, where an overload of somebody else's could fit better than pg_catalog's.
pgvector = plpy.execute(
    "select quote_ident(nspname) as schema from pg_extension"
    " join pg_namespace on pg_namespace.oid = extnamespace where extname = 'vector'"
)[0]["schema"]
rows, dimensions = measure()
if rows == 0:
    return []
keys, vectors = read(rows, dimensions)
if is_cosine:
    normalise(vectors)
with threadpool_limits(limits=1), warnings.catch_warnings():
    # Fewer distinct vectors than k leave fewer clusters; that is fine.
    warnings.simplefilter("ignore", ConvergenceWarning)
    labels, membership = assign(fit(vectors, min(k, rows)), vectors)
return zip(keys, by_size(labels).tolist(), membership.tolist())
$function$;
