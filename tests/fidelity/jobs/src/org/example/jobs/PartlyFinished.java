package org.example.jobs;

import java.util.Map;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** A bounded source beside an endless one: once (1) and always (1) -> both (2) -> print (1). */
public final class PartlyFinished {
    private PartlyFinished() {}

    public static void main(String[] args) throws Exception {
        Map<String, String> options = Common.parse(args);
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.enableCheckpointing(2000);
        DataStream<Long> once = env.fromSequence(1, Common.intOption(options, "count", 100))
                .setParallelism(1)
                .map(new Common.Throttle(20))
                .returns(Types.LONG)
                .setParallelism(1)
                .name("once");
        DataStream<Long> always = env.fromSequence(1, Long.MAX_VALUE)
                .setParallelism(1)
                .map(new Common.Throttle(20))
                .returns(Types.LONG)
                .setParallelism(1)
                .name("always");
        once.union(always)
                .rebalance()
                .map(v -> v)
                .returns(Types.LONG)
                .setParallelism(2)
                .name("both")
                .filter(v -> false)
                .setParallelism(2)
                .rebalance()
                .print()
                .setParallelism(1)
                .name("print");
        env.execute(options.getOrDefault("name", "partly finished"));
    }
}
