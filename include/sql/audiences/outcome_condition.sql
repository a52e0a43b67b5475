-- The condition on a version by which labels have given values.
select row_condition(%(wanted)s::jsonb, %(allowed)s::text[]);
