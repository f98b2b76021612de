package org.example.jobs;

import java.util.Map;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** A job whose task fails when it is stopped with a savepoint: numbers (1) -> commit (1), which throws in close(). */
public final class StopFails {
    private StopFails() {}

    public static void main(String[] args) throws Exception {
        Map<String, String> options = Common.parse(args);
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.enableCheckpointing(2000);
        env.fromSequence(1, Long.MAX_VALUE)
                .setParallelism(1)
                .map(new Common.Throttle(20))
                .returns(Types.LONG)
                .setParallelism(1)
                .name("numbers")
                .rebalance()
                .map(new Commit())
                .returns(Types.LONG)
                .setParallelism(1)
                .name("commit")
                .filter(v -> false)
                .setParallelism(1)
                .print()
                .setParallelism(1)
                .name("print");
        env.execute(options.getOrDefault("name", "stop fails"));
    }

    private static final class Commit extends RichMapFunction<Long, Long> {
        @Override
        public Long map(Long value) {
            return value;
        }

        @Override
        public void close() {
            throw new IllegalStateException("Cannot commit.");
        }
    }
}
