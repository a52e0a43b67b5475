-- Where a try that meets a lock goes back to.
savepoint short_try;
