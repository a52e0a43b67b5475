-- A boolean written as text as 0 or 1; null for blanks and for words that are no booleans.
create function to_flag(word text) returns double precision
language sql immutable parallel safe
return case lower(btrim(word))
  when '1' then 1 when 'true' then 1 when 't' then 1 when 'yes' then 1 when 'y' then 1
  when '0' then 0 when 'false' then 0 when 'f' then 0 when 'no' then 0 when 'n' then 0
end;
