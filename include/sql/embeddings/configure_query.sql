-- Read so many lists, and use the index, for this transaction only.
select set_config('ivfflat.probes', %(probes)s::text, true), set_config('enable_seqscan', 'off', true);
