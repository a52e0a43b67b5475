"""From source rows to customer versions: extract, validate, leave out erased customers."""
