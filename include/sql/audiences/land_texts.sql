-- The ids of a file as keys, and as texts those that are none.
insert into {landing} (customer_id, unusable_id) select {key}, {unusable} from (select nullif(id, '') as id from {texts}) as given;
