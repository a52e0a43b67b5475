-- Record what the file of an export holds, before it takes its name.
update audience_exports set lines = %(lines)s, digest = %(digest)s where number = %(number)s;
