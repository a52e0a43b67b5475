-- Collects the rows to reject, with the reasons, while a window is validated.
create temporary table problems (row_id tid not null, reason text not null) on commit drop;
