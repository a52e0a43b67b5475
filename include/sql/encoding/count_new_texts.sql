-- How many of a column's texts are new, and how many are already embedded.
select count(text), count(*) - count(text) from new_texts;
