"""K-means on distinct vectors, starting from the centroids that are stored with the encoder."""
