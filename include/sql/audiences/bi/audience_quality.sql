-- How good the audiences are: in every published snapshot, or in the current one, as the names that are filled in say.
-- The share of members that was kept is computed from the members of both snapshots, so that it is right whatever
-- order the dates ran in; only for rows and columns that are asked for. Rows that are not shown go before
-- any condition of a reader is tried: EXPLAIN (ANALYZE) would count those that meet it.
create or replace view {bi}.{view} with (security_barrier) as
with found as materialized (
  select quality.*, known.sizes as known_sizes
  from {space}.audience_quality as quality
  join {space}.shown_audiences as shown on shown.as_of = quality.as_of and shown.audience = quality.audience
  join {space}.audiences as known on known.as_of = quality.as_of and known.audience = quality.audience
  where quality.as_of {shown}
)
select
  found.as_of,
  found.audience,
  found.method,
  found.size,
  found.customers,
  found.seeds,
  found.recall,
  found.recall_low,
  found.recall_high,
  found.lift,
  found.lift_low,
  found.lift_high,
  found.predicted,
  found.predicted_lift,
  found.observed,
  found.observed_low,
  found.observed_high,
  case
    when before.as_of is not null then (
      select count(earlier.customer_id)::double precision / nullif(count(*), 0)
      from {space}.audience_members as members
      left join {space}.audience_members as earlier
        on earlier.as_of = before.as_of
        and earlier.audience = members.audience
        and earlier.customer_id = members.customer_id
        and earlier.rank <= before.customers
      where members.as_of = found.as_of and members.audience = found.audience and members.rank <= found.customers
    )
  end as kept,
  before.as_of as kept_since,
  found.effective_seeds
from found
left join lateral (
  select night.as_of, night.customers
  from {space}.audience_quality as night
  join {space}.shown_audiences as was_shown on was_shown.as_of = night.as_of and was_shown.audience = night.audience
  where found.method = 'published'
    and found.size = any (found.known_sizes)
    and night.as_of < found.as_of
    and night.audience = found.audience
    and night.method = found.method
    and night.size = found.size
  order by night.as_of desc
  limit 1
) as before on true;

comment on view {bi}.{view} is 'How good the ranking of each audience is, one row per method and size: the best customers up to that share of the pool, by the published ranking, by similarity to the seeds'' centroid, and at random; {scope}.';
comment on column {bi}.{view}.as_of is 'The snapshot.';
comment on column {bi}.{view}.audience is 'The audience.';
comment on column {bi}.{view}.method is 'published: as audience_members ranks; centroid and random for comparison. probability: how right the probabilities are, one row per tenth of those whose answer is known.';
comment on column {bi}.{view}.size is 'The share of the pool that the row is about, from the best on. With method probability the end of its tenth: 0.1 are the most probable.';
comment on column {bi}.{view}.customers is 'How many customers these are.';
comment on column {bi}.{view}.seeds is 'Held-out seeds that were judged.';
comment on column {bi}.{view}.recall is 'Share of the held-out seeds that would be among these customers: each seed is scored by a model that has not seen it.';
comment on column {bi}.{view}.recall_low is 'Lower end of its 95 % interval.';
comment on column {bi}.{view}.recall_high is 'Upper end.';
comment on column {bi}.{view}.lift is 'recall over size: how many times as many as by chance.';
comment on column {bi}.{view}.lift_low is 'Lower end of its 95 % interval.';
comment on column {bi}.{view}.lift_high is 'Upper end.';
comment on column {bi}.{view}.predicted is 'Mean probability of these customers; null without probabilities.';
comment on column {bi}.{view}.predicted_lift is 'The same over the mean of the pool: the lift by the probabilities alone, without interval.';
comment on column {bi}.{view}.observed is 'With method probability: the share of seeds among those of the tenth, each by a model that has not seen them.';
comment on column {bi}.{view}.observed_low is 'Lower end of its 95 % interval; predicted should lie in it.';
comment on column {bi}.{view}.observed_high is 'Upper end.';
comment on column {bi}.{view}.kept is 'Share of the customers up to a size of the audience who were also there at kept_since. Null without an earlier snapshot.';
comment on column {bi}.{view}.kept_since is 'The last published snapshot before that has the same audience and size.';
comment on column {bi}.{view}.effective_seeds is 'With contacted: as how many seeds of the pool the judged ones count, who are weighted as people like them are in the pool and not among the asked. Far fewer than seeds: the asked are unlike the pool, and the figures a guess.';
