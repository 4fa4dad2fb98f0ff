"""Readers of foreign file formats: bounded in time and memory for whatever bytes they are given.

Each raises one subclass of ValueError, whose text says what is wrong with the bytes; callers add which file it is.
"""
