"""HDBSCAN and DBSCAN from the neighbour graph: a spanning tree by Borůvka, then the hierarchy."""
