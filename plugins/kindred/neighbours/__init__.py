"""The neighbour graph: the k nearest other customers of every customer, and its measured recall."""
