-- Customers who want to be forgotten. The id stands here until that is done, and nowhere after; what
-- was removed stays as a receipt: rows by table, artefacts, snapshots, seconds.
create table erasure_requests (
  number integer generated always as identity primary key,
  customer_id customer_key,
  requested_at timestamptz not null default now(),
  requested_by text not null default session_user,
  status text not null default 'open' check (status in ('open', 'done', 'failed')),
  failure text,
  receipt jsonb,
  finished_at timestamptz,
  check ((status = 'done') = (customer_id is null))
);
comment on column erasure_requests.failure is 'why the newest try has failed, in one line without the id';
comment on column erasure_requests.receipt is 'rows removed by table, artefacts, snapshots and seconds';
