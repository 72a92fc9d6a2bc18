"""Jobs, steps, nodes and partitions as text: what the listing commands print."""
