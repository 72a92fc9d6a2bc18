"""The dialect of Open MPI's mpirun. Pure: text in, values out."""
