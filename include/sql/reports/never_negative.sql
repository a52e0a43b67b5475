-- The encoded columns of a snapshot without a negative value, and whether all values are from 0 to 1. Not those whose
-- smallest value was that of a customer who has been erased.
select column_name, coalesce(maximum <= 1, false) as is_share
from {bi}.column_quality
where state = 'published' and as_of = %(as_of)s and minimum >= 0
order by column_name;
