"""The pictures and videos of store pages: read, stored, and served again as other bytes."""
