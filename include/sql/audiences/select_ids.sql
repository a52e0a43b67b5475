-- The ids of a population as keys, and as texts those that are none. Of more rows than are allowed one more, so that
-- this is noticed.
select {key}, {unusable} from {relation} as given (id) limit %(most)s
