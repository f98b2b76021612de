"""The program of `test_python.py`. It submits a DataStream job and Table jobs, and prints their results."""

from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

stream = StreamExecutionEnvironment.get_execution_environment()
stream.set_parallelism(1)
stream.from_collection([1, 2, 3]).map(lambda number: number + 1).print()
print("ran", stream.execute("numbers from Python").get_net_runtime(), "ms", flush=True)

table = StreamTableEnvironment.create(stream)
table.execute_sql("CREATE TABLE nowhere (a INT) WITH ('connector' = 'blackhole')")
inserted = table.execute_sql("INSERT INTO nowhere VALUES (1), (2)")
inserted.wait(60_000)
print("inserted", inserted.get_job_client().get_job_status().result().name, flush=True)

with table.execute_sql("SELECT * FROM (VALUES (1), (2)) AS numbers(a)").collect() as rows:
    print("collected", list(rows), flush=True)
