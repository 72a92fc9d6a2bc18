/* An MPI program that ends, or does not, in a way of its own.
 *
 * mpi_probe sum             print rank, size, sum of all ranks, and SLURM_PROCID.SLURM_LOCALID, the node's name
 * mpi_probe abort R         rank R calls MPI_Abort with 7, the others wait for it
 * mpi_probe kill R          rank R kills itself after MPI_Init
 * mpi_probe leave R         rank R exits with 3 after MPI_Init, without MPI_Finalize
 * mpi_probe code R          all finalize, rank R then exits with 5
 * mpi_probe wait            all say "ready", and wait for a message that never comes
 */
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char* variable(const char* name) {
  const char* value = getenv(name);
  return value ? value : "-";
}

int main(int argc, char** argv) {
  int rank, size, sum, number;
  const char* mode = argc > 1 ? argv[1] : "sum";
  const int other = argc > 2 ? atoi(argv[2]) : -1;

  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (rank == other) {
    if (!strcmp(mode, "abort")) MPI_Abort(MPI_COMM_WORLD, 7);
    if (!strcmp(mode, "kill")) kill(getpid(), SIGKILL);
    if (!strcmp(mode, "leave")) _exit(3);
  }
  if (!strcmp(mode, "wait")) {
    printf("ready\n");
    fflush(stdout);
    MPI_Recv(&number, 1, MPI_INT, MPI_ANY_SOURCE, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
  MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  if (!strcmp(mode, "sum")) {
    printf("%d of %d sum %d task %s.%s on %s\n", rank, size, sum, variable("SLURM_PROCID"), variable("SLURM_LOCALID"),
           variable("SLURMD_NODENAME"));
  }
  MPI_Finalize();
  return !strcmp(mode, "code") && rank == other ? 5 : 0;
}
