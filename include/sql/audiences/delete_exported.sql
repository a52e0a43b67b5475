-- Delete the customers of exports that no result needs any more: their days have been over for so many days, and they
-- are older than is kept. The exports and their counts stay.
delete from audience_export_customers
where number in (
    select number
    from audience_exports
    where exported_at < %(as_of)s::timestamptz - make_interval(days => %(kept_days)s)
      and exported_at
        < %(as_of)s::timestamptz - make_interval(days => coalesce((outcome ->> 'days')::integer, 0) + %(late_days)s)
  );
