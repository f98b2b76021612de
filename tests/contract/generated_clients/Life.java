// Runs a job, takes its savepoint and cancels it with the client of openapi-generator: java Life URL JAR

import java.io.File;
import java.util.List;
import java.util.concurrent.Callable;
import org.openapitools.client.ApiClient;
import org.openapitools.client.api.CheckpointsApi;
import org.openapitools.client.api.ClusterApi;
import org.openapitools.client.api.JarsApi;
import org.openapitools.client.api.JobsApi;
import org.openapitools.client.api.MetricsApi;
import org.openapitools.client.api.VerticesApi;
import org.openapitools.client.model.JarRunRequestBodyRequest;
import org.openapitools.client.model.JobDetailsInfoJobVertexDetailsInfo;
import org.openapitools.client.model.Metric;
import org.openapitools.client.model.SavepointTriggerRequestBodyRequest;

public class Life {

    static void waitFor(String event, Callable<Boolean> hasHappened) throws Exception {
        for (int poll = 0; poll < 600; poll++) {
            if (hasHappened.call()) {
                return;
            }
            Thread.sleep(100);
        }
        throw new IllegalStateException(event + " took too long");
    }

    static void check(boolean condition, String message) {
        if (!condition) {
            throw new IllegalStateException(message);
        }
    }

    public static void main(String[] args) throws Exception {
        ApiClient client = new ApiClient();
        client.updateBaseUri(args[0]);
        JarsApi jars = new JarsApi(client);
        JobsApi jobs = new JobsApi(client);
        CheckpointsApi checkpoints = new CheckpointsApi(client);
        VerticesApi vertices = new VerticesApi(client);
        MetricsApi metrics = new MetricsApi(client);
        System.out.println("version " + new ClusterApi(client).getDashboardConfiguration().getFlinkVersion());
        String jar = new File(jars.uploadJar(new File(args[1])).getFilename()).getName();
        JarRunRequestBodyRequest body = new JarRunRequestBodyRequest().programArgsList(List.of("--par", "1"));
        String job = jars.submitJobFromJar(jar, null, null, null, null, 1, body).getJobid();
        waitFor(
                "the start",
                () -> jobs.getJobDetails(job).getVertices().stream().allMatch(v -> "RUNNING".equals(v.getStatus().getValue())));
        for (JobDetailsInfoJobVertexDetailsInfo vertex : jobs.getJobDetails(job).getVertices()) {
            check(!vertices.getJobVertexDetails(job, vertex.getId()).getSubtasks().isEmpty(), "no subtasks");
        }
        List<String> names = metrics.getJobMetrics(job, null).stream().map(Metric::getId).toList();
        check(metrics.getJobMetrics(job, names.subList(0, 2)).size() == 2, "not two metrics");
        SavepointTriggerRequestBodyRequest target = new SavepointTriggerRequestBodyRequest().targetDirectory("file:///tmp/life");
        String trigger = checkpoints.triggerSavepoint(job, target).getRequestId();
        waitFor(
                "the savepoint",
                () -> "COMPLETED".equals(checkpoints.getSavepointStatus(job, trigger).getStatus().getId().getValue()));
        jobs.cancelJob(job, "cancel");
        waitFor("the end", () -> "CANCELED".equals(jobs.getJobDetails(job).getState().getValue()));
        System.out.println(
                "result " + jobs.getJobExecutionResult(job).getJobExecutionResult().getApplicationStatus().getValue());
        jars.deleteJar(jar);
    }
}
