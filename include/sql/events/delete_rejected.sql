-- Delete the rejected events of what has been read again; what is still wrong is stored anew.
delete from rejected_events as rejected
where event = %(event)s
  and (
    rejected.at is null
    or exists (
      select from unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) as read (window_start, window_end)
      where rejected.at >= read.window_start and rejected.at < read.window_end
    )
  );
