"""Knowledge sync: formats, chunks, sources, pipeline."""
