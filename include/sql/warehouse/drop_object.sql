-- Drop a view or function; PostgreSQL refuses if something was built on it.
drop {object};
