"""``kmeans_centers``: the centroids from which k-means starts in every snapshot of an encoder."""

import numpy as np
from psycopg2.extras import Json

from kindred.segments.kmeans.kmeans import Centroids
from kindred.warehouse.database import Database


def read(database: Database, encoder_version: int, settings: str) -> Centroids | None:
    """The centroids stored with an encoder for these settings, if any."""
    names = {"encoder_version": encoder_version, "settings": settings}
    row = database.row("segments/read_centroids", names)
    return None if row is None else Centroids(np.array(row[0], dtype=np.float64), row[1])


def keep(
    database: Database, encoder_version: int, settings: str, centroids: Centroids
) -> Centroids:
    """Store centroids with an encoder; return the stored ones, maybe those of a faster run."""
    parameters = {
        "encoder_version": encoder_version,
        "settings": settings,
        "centers": centroids.values.tolist(),
        "figures": Json(centroids.figures),
    }
    database.run("segments/insert_centroids", parameters)
    return read(database, encoder_version, settings) or centroids
