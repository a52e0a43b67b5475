"""What long work is doing, how fast it goes, and how long it will still take."""
