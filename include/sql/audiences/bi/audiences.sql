-- What became of each audience: in every published snapshot, or in the current one, as the names that are filled in
-- say. Of one that is not shown, only that. A warning about a column that has become private since is left out, and of a
-- reason that names one is said only that it does.
create or replace view {bi}.{view} with (security_barrier) as
select
  found.as_of,
  found.audience,
  case when shown.audience is null then 'not shown' else found.status end as status,
  case
    when shown.audience is null then 'it depends on a column that is private; run its date again without that column'
    when exists (
      select from unnest({private}) as names (column_name)
      where found.reason ~ ('(^|\W)' || regexp_replace(column_name, '(\W)', '\\\1', 'g') || '(\W|$)')
    ) then 'it names a column that is private; kindred audience --preview says what is wrong'
    else found.reason
  end as reason,
  case when shown.audience is not null then found.seeds_given end as seeds_given,
  case when shown.audience is not null then found.seeds_known end as seeds_known,
  case when shown.audience is not null then found.seeds_excluded end as seeds_excluded,
  case when shown.audience is not null then found.seeds_used end as seeds_used,
  case when shown.audience is not null then found.contacted end as contacted,
  case when shown.audience is not null then found.pool end as pool,
  case when shown.audience is not null then found.method end as method,
  case when shown.audience is not null then found.sizes end as sizes,
  case when shown.audience is not null then found.counts end as customers,
  case when shown.audience is not null then found.cutoffs end as cutoffs,
  case when shown.audience is not null then found.control_share end as control_share,
  case when shown.audience is not null then found.brier end as brier,
  case when shown.audience is not null then found.brier_base end as brier_base,
  case
    when shown.audience is not null then array(
      select warning
      from unnest(found.warnings) with ordinality as warnings (warning, position)
      where not exists (
        select from unnest({private}) as names (column_name)
        where warning ~ ('(^|\W)' || regexp_replace(column_name, '(\W)', '\\\1', 'g') || '(\W|$)')
      )
      order by warnings.position
    )
  end as warnings
from {space}.audiences as found
join {space}.snapshots on snapshots.as_of = found.as_of and snapshots.status = 'published'
left join {space}.shown_audiences as shown on shown.as_of = found.as_of and shown.audience = found.audience
where found.as_of {shown};

comment on view {bi}.{view} is 'One row per audience file of a snapshot, whatever became of it; {scope}.';
comment on column {bi}.{view}.as_of is 'The snapshot.';
comment on column {bi}.{view}.audience is 'The name of its file.';
comment on column {bi}.{view}.status is 'published; or too few seeds, nobody in the pool, no history (its seeds are not known as of this date), failed; not shown where it depends on a private column.';
comment on column {bi}.{view}.reason is 'Why it was not published, in words; null if it was.';
comment on column {bi}.{view}.seeds_given is 'Different ids that the file gives as seeds.';
comment on column {bi}.{view}.seeds_known is 'Of them, customers of the snapshot.';
comment on column {bi}.{view}.seeds_excluded is 'Of these, those who were not used: excluded, or not among the contacted.';
comment on column {bi}.{view}.seeds_used is 'Seeds that the audience was trained by.';
comment on column {bi}.{view}.contacted is 'Customers who were asked; null where the file does not say.';
comment on column {bi}.{view}.pool is 'Customers who were ranked: who meets the conditions, without seeds, excluded and contacted people.';
comment on column {bi}.{view}.method is 'The method that was chosen: the simplest of those whose lift at the largest size is the best within a standard error.';
comment on column {bi}.{view}.sizes is 'The sizes of its tiers: shares of the pool.';
comment on column {bi}.{view}.customers is 'Customers up to each size, with the control group, when it was trained.';
comment on column {bi}.{view}.cutoffs is 'The score of the last customer up to each size.';
comment on column {bi}.{view}.control_share is 'Share of the customers who are held back for comparison.';
comment on column {bi}.{view}.brier is 'Mean squared error of the probabilities; null without them.';
comment on column {bi}.{view}.brier_base is 'The same if everybody had the base rate: brier should be below.';
comment on column {bi}.{view}.warnings is 'What a reader should know, in words.';
