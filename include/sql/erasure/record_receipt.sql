-- Record what has been removed so far; the request stays open until the artefacts are removed too.
update erasure_requests set receipt = %(receipt)s where number = %(request)s;
