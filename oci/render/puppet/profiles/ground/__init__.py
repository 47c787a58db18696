"""The ground that services of a cloud stand on: the machine itself, database, queue, front."""
