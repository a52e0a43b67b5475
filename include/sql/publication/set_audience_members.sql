-- Record how many members the audiences of a published snapshot have.
update snapshots set audience_members = %(members)s where as_of = %(as_of)s;
