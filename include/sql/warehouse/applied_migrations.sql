-- Names of the migrations that have been applied.
select name from applied_migrations;
