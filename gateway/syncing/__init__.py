"""Syncs by themselves: when each source is due, who runs it, how fresh it is.

Plans come from the composition root, runs and claims lie in the knowledge store, and a sync is a child process.  Nothing here
reads a source or builds an index.
"""
