-- Delete all events, which land anew.
truncate {events};
