"""Items for customers: what customers with similar buying profiles own, and how good that is."""
