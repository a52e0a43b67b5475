"""The lists of an IVFFlat index as segments: read from its pages, or found outside."""
