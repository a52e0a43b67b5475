"""The neighbour graph: the k nearest other customers of every customer, with measured recall."""
