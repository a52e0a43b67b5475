"""The map: two coordinates per customer, which stay put while the encoder does."""
