-- Record in one line why an export is unfinished.
update audience_exports set failure = %(failure)s where number = %(number)s and status = 'unfinished';
