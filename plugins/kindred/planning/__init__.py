"""``kindred plan``: seconds, memory, disk and network of a night that nobody has run yet."""
