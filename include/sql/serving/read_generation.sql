-- All embeddings of a generation, in the order of the table: sorting them takes longer than reading.
select {columns} from {table};
