"""What a JobManager or a TaskManager shows of its own process: JVM, memory, threads, logs, flame graphs."""
