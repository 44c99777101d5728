"""The desk of a small parcel shop."""
