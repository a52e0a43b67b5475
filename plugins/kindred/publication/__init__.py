"""From staging tables to what BI reads: gate, publish, clean up, retention, withdrawal."""
