-- Whether the graph of an encoder's snapshots is searched in lists that are stored with the encoder. Encoders
-- fitted before this keep the lists that each snapshot trains for itself.
alter table encoder_versions add column freezes_lists boolean not null default false;
comment on column encoder_versions.freezes_lists is
  'whether its snapshots share the lists in graph_lists; if not, each trains lists of its own';
