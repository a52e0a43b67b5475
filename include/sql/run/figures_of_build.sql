-- What the newest run of a snapshot has found out, for metrics; what is not known is null.
select
  (facts ->> 'rows_landed')::double precision as rows_landed,
  (facts ->> 'rows_rejected')::double precision as rows_rejected,
  (facts ->> 'customers')::double precision as customers,
  (facts ->> 'recall')::double precision as recall,
  extracted_windows.missing_customers::double precision as missing_customers,
  (select max((built ->> 'drift')::double precision) from jsonb_array_elements(facts -> 'quality') as built) as drift,
  (select sum(value::double precision) from jsonb_each_text(stage_seconds)) as seconds,
  (state = 'published')::integer::double precision as published
from snapshot_builds
left join extracted_windows on extracted_windows.window_end = as_of
where as_of = %(as_of)s;
