-- Conditions in JSON as an SQL condition on a customer's row called version.
select row_condition(%(conditions)s::jsonb, %(allowed)s::text[]);
