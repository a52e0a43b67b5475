-- A view or function of bi that this release does not have is no more.
delete from bi_objects where name = %(name)s;
