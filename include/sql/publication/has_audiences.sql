-- Whether any audience has been published.
select exists (select from audiences);
