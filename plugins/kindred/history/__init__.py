"""From source rows to versions: extract, validate, erased customers left out."""
