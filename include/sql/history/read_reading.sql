-- Whether a run has read every row since the spec's source has changed; null after clean_up.
select is_anew from customer_readings where landing = %(landing)s;
