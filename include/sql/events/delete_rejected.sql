-- Delete the rejected events of what has been read again; what is still wrong is stored anew.
delete from rejected_events as rejected
where event = %(event)s and (rejected.at is null or rejected.at <@ %(read)s::tstzmultirange);
