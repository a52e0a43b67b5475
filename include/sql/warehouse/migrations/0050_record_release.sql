-- Which release of Kindred builds a snapshot: its tasks must not mix two.
alter table snapshot_builds add column release text;

comment on column snapshot_builds.release is 'The release of Kindred that began the build; null before releases were recorded.';
