"""HDBSCAN and DBSCAN from the neighbour graph: Borůvka's spanning tree, then the hierarchy."""
