-- The texts behind the codes of the events.
insert into event_values (event, column_name, code, value)
select 'purchases', 'item', code, 'item ' || code from generate_series(0, %(items)s - 1) as code
union all
select 'purchases', 'code channel', code, (array ['shop', 'online', 'phone', 'agent'])[1 + code] from generate_series(0, 3) as code;
