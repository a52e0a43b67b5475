-- The items that a cluster's customers own more often than everybody.
alter table cluster_profiles add column items jsonb not null default '[]';
comment on column cluster_profiles.items is 'A list: feature, position, item, customers, share, everyone, lift, low, high';
