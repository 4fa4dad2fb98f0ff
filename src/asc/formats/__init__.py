"""Readers of foreign file formats, with limits of time and memory for any bytes.

Each raises one subclass of ValueError that says what is wrong with the bytes. Callers add the name of the file.
"""
