-- Collect all texts that the customer has ever had in a column, read as encoding/gather_new_texts reads
-- them.
insert into erased_texts (erased_text)
select distinct {text}
from customer_versions
where customer_id = (select requests.customer_id from erasure_requests as requests where number = %(request)s)
  and {text} is not null;
