-- All keys of the source, to find the customers who are gone.
select {key} from {relation} as source_rows where ({condition}) and {key_column} is not null;
