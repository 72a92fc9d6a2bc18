"""The embedded MLSpace: the platform's HTTP contract on a loopback socket, with jobs run for real on this machine."""
