-- A batch of new texts.
select text
from new_texts
where position > %(after)s and position <= %(upto)s and text is not null
order by position;
