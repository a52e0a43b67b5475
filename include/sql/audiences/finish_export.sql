-- The file of an export is complete, or the endpoint has accepted it.
update audience_exports set status = 'finished', failure = null where number = %(number)s and status = 'unfinished';
