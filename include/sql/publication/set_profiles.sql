-- Publish the cluster profiles.
insert into cluster_profiles
  (as_of, algorithm, label, cluster_id, name, name_terms, customers, share, medoid_id, membership, profile, items)
select
  %(as_of)s, found.algorithm, found.label, found.cluster_id, found.name, found.name_terms, found.customers,
  found.share, found.medoid_id::customer_key, found.membership, found.profile, found.items
from jsonb_to_recordset(%(profiles)s) as found (
  algorithm text, label integer, cluster_id integer, name text, name_terms text[], customers bigint,
  share double precision, medoid_id text, membership real, profile jsonb, items jsonb
);
