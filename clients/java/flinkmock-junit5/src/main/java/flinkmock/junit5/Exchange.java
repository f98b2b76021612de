package flinkmock.junit5;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * A request that a client sent, with its response.
 *
 * @param time the cluster time in ms since the epoch
 * @param operation the operation id, or null if the request matched no operation
 * @param job the name of the job that the request is about, or null
 * @param status the status of the response; 0 if there was no response
 * @param fault the name of the fault that applied, or null
 * @param body the JSON body of the request, or null if it has none
 * @param files the names of the uploaded files
 * @param advice sentences about parts of the request that the release ignores or that a later release lacks
 */
public record Exchange(
        int number,
        long time,
        String method,
        String target,
        String operation,
        JsonNode body,
        List<String> files,
        String job,
        int status,
        String fault,
        List<String> advice) {}
