-- The plan of a query.
explain (format json)
{statement}
