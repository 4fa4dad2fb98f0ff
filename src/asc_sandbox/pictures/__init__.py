"""The pictures and videos of store pages: read, kept, and given out again as other bytes."""
