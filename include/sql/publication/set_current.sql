-- From this commit on the *_current views and similar_customers read this snapshot.
update current_snapshot
set
  as_of = %(as_of)s,
  generation = coalesce(%(generation)s, generation),
  encoder_version = (select encoder_version from snapshots where snapshots.as_of = %(as_of)s);
