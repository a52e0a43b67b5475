"""``kmeans_centers``: where k-means starts from in every snapshot of an encoder.

They are float64 and no vectors of pgvector, whose float32 would move them from night to night.
"""

import numpy as np
from psycopg2.extras import Json

from kindred.segments.kmeans.kmeans import Centers
from kindred.warehouse.database import Database


def read(database: Database, encoder_version: int, settings: str) -> Centers | None:
    """The centres that were kept with an encoder for these settings, if there are any."""
    names = {"encoder_version": encoder_version, "settings": settings}
    row = database.row("segments/read_centroids", names)
    return None if row is None else Centers(np.array(row[0], dtype=np.float64), row[1])


def keep(database: Database, encoder_version: int, settings: str, centers: Centers) -> Centers:
    """Keep centres with an encoder; returns those that are kept, maybe of a run that was faster."""
    parameters = {
        "encoder_version": encoder_version,
        "settings": settings,
        "centers": centers.values.tolist(),
        "figures": Json(centers.figures),
    }
    database.run("segments/insert_centroids", parameters)
    return read(database, encoder_version, settings) or centers
