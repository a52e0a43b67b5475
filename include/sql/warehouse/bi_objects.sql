-- What each view and function of bi is now.
select name, text_hash, definition_hash from bi_objects;
