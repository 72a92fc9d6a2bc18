# A cluster on which nothing has ever run. Nodes and partitions as in queue.sh.
