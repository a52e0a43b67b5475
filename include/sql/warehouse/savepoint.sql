-- The point to which a try is rolled back.
savepoint {savepoint};
