import java.io.IOException;
import java.net.URI;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;

/** Starts Flink's MiniCluster, waits until its REST API lists four slots, and exits. */
public class MiniCluster {
    public static void main(String[] arguments) throws Exception {
        Configuration options = new Configuration();
        options.set(RestOptions.BIND_PORT, "0");
        MiniClusterConfiguration configuration = new MiniClusterConfiguration.Builder()
                .setConfiguration(options)
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(4)
                .build();
        var cluster = new org.apache.flink.runtime.minicluster.MiniCluster(configuration);
        cluster.start();
        URI overview = cluster.getRestAddress().get().resolve("/overview");
        while (!bodyOf(overview).contains("\"slots-total\":4")) {
            Thread.sleep(20);
        }
        System.out.println("ready");
        Runtime.getRuntime().halt(0);
    }

    private static String bodyOf(URI address) {
        try {
            return new String(address.toURL().openStream().readAllBytes());
        } catch (IOException notReady) {
            return "";
        }
    }
}
