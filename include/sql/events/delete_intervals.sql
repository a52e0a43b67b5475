-- Delete events that have just arrived, but whose whole days are read now.
delete from {landing} as landed where landed.at <@ %(read)s::tstzmultirange;
