-- The point to which a try that meets a lock is rolled back.
savepoint short_try;
