"""From tables filled aside to what BI reads: gate, publish, clean up, retention, withdrawal."""
