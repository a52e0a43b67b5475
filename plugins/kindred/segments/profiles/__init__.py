"""What distinguishes each segment: profiles, names, medoids, and how good the clusters are."""
