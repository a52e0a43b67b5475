-- Create a schema of the space, closed to everybody but its owner.
create schema if not exists {schema};
