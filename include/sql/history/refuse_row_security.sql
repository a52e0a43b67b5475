-- Fail, until the transaction ends, where a policy would hide rows.
set local row_security = off;
