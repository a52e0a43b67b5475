-- Whether the snapshots of an encoder share stored lists.
select freezes_lists from encoder_versions where version = %(version)s;
