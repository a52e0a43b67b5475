-- All embeddings of a generation, in table order: sorting would take longer than reading.
select {columns} from {table};
