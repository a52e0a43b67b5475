"""K-means over distinct vectors, started from the centroids found with the encoder."""
