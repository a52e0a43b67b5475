"""K-means inside the database, by PL/Python and scikit-learn."""
