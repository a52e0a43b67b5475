-- What exports of audiences have achieved: as counted by every snapshot that is published, or by the current one. The
-- names that are filled in say which. The newest count of an export stays when its snapshot is pruned. Rows that are
-- not shown go before any condition of a reader is tried: EXPLAIN (ANALYZE) would count those that meet it.
create or replace view {bi}.{view} with (security_barrier) as
with found as materialized (
  select
    results.as_of,
    exports.audience,
    exports.number as export,
    exports.exported_at,
    exports.as_of as members_as_of,
    exports.tier,
    exports.members as exported_members,
    exports.control as exported_control,
    results.outcome,
    results.days,
    results.counted_until,
    results.is_over,
    results.members,
    results.member_outcomes,
    results.member_outcomes::double precision / nullif(results.members, 0) as member_rate,
    results.members_before,
    results.control,
    results.control_outcomes,
    results.control_outcomes::double precision / nullif(results.control, 0) as control_rate,
    results.control_before,
    results.difference,
    results.low,
    results.high,
    results.verdict,
    results.reason
  from {space}.audience_results as results
  join {space}.audience_exports as exports using (number)
  join {space}.snapshots on snapshots.as_of = results.as_of and snapshots.status in ('published', 'pruned')
  where results.as_of {shown}
    and not (exports.used_columns || results.outcome_columns) && {private}
)
select * from found;

comment on view {bi}.{view} is 'One row per export of an audience whose file names an outcome: all its members beside its whole control group, reached or not (by intention to treat), {scope}.';
comment on column {bi}.{view}.as_of is 'The snapshot that counted: what happened later does not count.';
comment on column {bi}.{view}.audience is 'The audience.';
comment on column {bi}.{view}.export is 'The number of the export.';
comment on column {bi}.{view}.exported_at is 'When it was made; the days of the outcome begin then.';
comment on column {bi}.{view}.members_as_of is 'The snapshot whose members were exported.';
comment on column {bi}.{view}.tier is 'The size that was exported: a share of the pool.';
comment on column {bi}.{view}.exported_members is 'Members when it was made.';
comment on column {bi}.{view}.exported_control is 'Control group of the tier when it was made.';
comment on column {bi}.{view}.outcome is 'What is counted: a label with its values, or an event.';
comment on column {bi}.{view}.days is 'Days after the export within which it counts.';
comment on column {bi}.{view}.counted_until is 'Outcomes before it count.';
comment on column {bi}.{view}.is_over is 'Whether the days have passed.';
comment on column {bi}.{view}.members is 'Members who are compared: without those who had the outcome at export (a label then in force, an event in as many days before), and without those erased since.';
comment on column {bi}.{view}.member_outcomes is 'Of them, those whom it has happened to since.';
comment on column {bi}.{view}.member_rate is 'Their share.';
comment on column {bi}.{view}.members_before is 'Members who had the outcome at export.';
comment on column {bi}.{view}.control is 'The control group, without the same people.';
comment on column {bi}.{view}.control_outcomes is 'Of it, those whom it has happened to since.';
comment on column {bi}.{view}.control_rate is 'Their share.';
comment on column {bi}.{view}.control_before is 'Customers of the control group who had the outcome at export.';
comment on column {bi}.{view}.difference is 'member_rate minus control_rate.';
comment on column {bi}.{view}.low is 'Lower end of its 95 % interval (Newcombe); null where there are too few.';
comment on column {bi}.{view}.high is 'Upper end.';
comment on column {bi}.{view}.verdict is 'running: the days are not over; too few: fewer than 5 customers to be expected on one side; more or less: the whole interval is above or below 0; no clear difference; or not counted.';
comment on column {bi}.{view}.reason is 'Why there is no interval, or nothing was counted.';
