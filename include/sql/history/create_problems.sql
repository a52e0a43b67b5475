-- Where the rows that cannot be used are noted while a window is validated.
create temporary table problems (row_id tid not null, reason text not null) on commit drop;
