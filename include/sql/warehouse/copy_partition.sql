-- Fill a table aside with the rows of another snapshot's partition.
insert into {table} (as_of, {columns}) select {as_of}::timestamptz, {columns} from {partition};
