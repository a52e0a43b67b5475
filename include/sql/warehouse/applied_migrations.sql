-- Names of the migrations that have been applied. Early releases recorded the texts of views here too.
select name from {space}.applied_migrations where name not like '%@%';
