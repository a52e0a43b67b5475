"""What customers do: lines of events, as numbers per customer and as the items they own."""
