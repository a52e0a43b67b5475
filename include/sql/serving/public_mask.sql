-- 1 for every dimension of an encoder that readers may compare customers by, 0 for those of hidden columns.
-- A vector times the mask is its public part.
create or replace function {space}.public_mask(encoder integer, hidden text[]) returns real[]
language plpgsql stable
as $function$
begin
  return (
    select array_agg(
      case when exists (
        select from jsonb_each(encoders.column_blocks) as block
        where block.key = any (hidden)
          and position > (block.value ->> 0)::integer
          and position <= (block.value ->> 1)::integer
      ) then 0 else 1 end
      order by position
    )
    from encoder_versions as encoders
    cross join lateral generate_series(1, encoders.dimensions) as position
    where encoders.version = encoder
  );
end
$function$;
