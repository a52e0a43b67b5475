-- As how many of the pool the judged seeds count, where those who were asked were no random draw of it.
alter table audience_quality add column effective_seeds double precision;
