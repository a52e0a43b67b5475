-- The role BI logs in through: it may read the bi schemas and nothing else.
create role bi_reader nologin;
