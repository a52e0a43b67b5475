-- What a measurement of recommendations was made with, and what it leaves out.
alter table recommendation_quality
  add column similar_by text[],
  add column unmeasured text[],
  add column listable_share double precision,
  add column left_out bigint;

comment on column recommendation_quality.similar_by is 'The features by which neighbours were found in the test; null where nothing was measured, or by an earlier release.';
comment on column recommendation_quality.unmeasured is 'Features that the lists are made by too, but the test was not: columns of the customers whose past is not known.';
comment on column recommendation_quality.listable_share is 'Of the items that customers with earlier purchases bought for the first time in the test, the share that could have been listed: owned by at least five customers before.';
comment on column recommendation_quality.left_out is 'Customers who bought before and in the test, but in it nothing new that could have been listed.';
