package flinkmock.junit5;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.stream.Collectors;
import org.opentest4j.AssertionFailedError;

/** The control API of one cluster. The URL ends with the prefix; paths are relative to it. */
record ControlApi(String url, String token) {
    static final String PREFIX = "/__flinkmock__/v1";
    static final JsonMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.KEBAB_CASE)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();
    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    JsonNode get(String path) {
        return send("GET", path, "application/json", "");
    }

    <T> T get(String path, Class<T> type) {
        return convert(get(path), type);
    }

    JsonNode post(String path, Object body) {
        return send("POST", path, "application/json", toJson(body));
    }

    <T> T post(String path, Object body, Class<T> type) {
        return convert(post(path, body), type);
    }

    void delete(String path) {
        send("DELETE", path, "application/json", "");
    }

    /** Sends a request and returns the JSON of the response; null if it is empty. */
    JsonNode send(String method, String path, String contentType, String body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + path))
                .method(method, BodyPublishers.ofString(body))
                .header("Content-Type", contentType);
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        HttpResponse<String> response;
        try {
            response = CLIENT.send(request.build(), BodyHandlers.ofString());
        } catch (IOException error) {
            throw new FlinkMockException(method + " " + url + path + ": " + error);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new FlinkMockException(method + " " + url + path + " was interrupted.");
        }
        if (response.statusCode() >= 300 && response.statusCode() < 400) {
            String location = response.headers().firstValue("Location").orElse("an unknown location");
            String message = method + " " + url + path + ": " + response.statusCode() + ", a redirect to " + location;
            throw new FlinkMockException(message, response.statusCode(), "");
        }
        if (response.statusCode() >= 400) {
            throw exceptionOf(response, method + " " + url + path);
        }
        return response.body().isEmpty() ? null : parse(response.body());
    }

    private static RuntimeException exceptionOf(HttpResponse<String> response, String request) {
        JsonNode error;
        try {
            error = JSON.readTree(response.body()).path("error");
        } catch (JsonProcessingException exception) { // the response is not from the control API
            error = JSON.missingNode();
        }
        if (!error.has("message")) {
            String message = request + ": " + response.statusCode() + " " + response.body();
            return new FlinkMockException(message, response.statusCode(), "");
        }
        if (error.path("type").asText().equals("UnmetExpectation")) {
            throw new AssertionFailedError(error.path("message").asText());
        }
        return new FlinkMockException(
                error.path("message").asText(), response.statusCode(), error.path("type").asText());
    }

    static String queryString(Map<String, ?> parameters) {
        return parameters.entrySet().stream()
                .filter(parameter -> parameter.getValue() != null && !parameter.getValue().equals(""))
                .map(parameter -> parameter.getKey() + "=" + encode(parameter.getValue().toString()))
                .collect(Collectors.joining("&", "?", ""));
    }

    /** Encodes a part of a path, or a value of a query. */
    static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** Encodes a body as JSON; null becomes an empty body. */
    static String toJson(Object value) {
        try {
            return value == null ? "" : JSON.writeValueAsString(value);
        } catch (JsonProcessingException error) {
            throw new IllegalArgumentException(error);
        }
    }

    static JsonNode parse(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException error) {
            throw new FlinkMockException("The response is not JSON: " + text);
        }
    }

    static <T> T convert(JsonNode json, Class<T> type) {
        try {
            return JSON.treeToValue(json, type);
        } catch (JsonProcessingException error) {
            throw new FlinkMockException("Unexpected response: " + json + ": " + error.getMessage());
        }
    }
}
