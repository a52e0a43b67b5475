-- All keys of the source, to detect deleted customers.
select {key} from {relation} as source_rows where ({condition}) and {key_column} is not null;
