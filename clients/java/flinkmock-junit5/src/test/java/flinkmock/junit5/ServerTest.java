package flinkmock.junit5;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@DisabledOnOs(OS.WINDOWS)
class ServerTest {
    @TempDir
    Path folder;

    private String writeProgram(String subfolder, String script) throws IOException {
        Path path = Files.createDirectories(folder.resolve(subfolder)).resolve("flinkmock");
        Files.writeString(path, "#!/bin/sh\n" + script + "\n");
        assertTrue(path.toFile().setExecutable(true));
        return path.toString();
    }

    @Test
    void findCommandTriesTheVariableTheVirtualEnvironmentThePathAndPython() throws IOException {
        String programInVirtualEnv = writeProgram("environment/bin", "");
        String programOnPath = writeProgram("path", "");
        Map<String, String> variables = new HashMap<>(Map.of(
                "FLINKMOCK", "/opt/flinkmock",
                "VIRTUAL_ENV", folder.resolve("environment").toString(),
                "PATH", folder.resolve("empty") + ":" + folder.resolve("path")));
        assertEquals(List.of("/opt/flinkmock"), Server.findCommand(variables));
        variables.remove("FLINKMOCK");
        assertEquals(List.of(programInVirtualEnv), Server.findCommand(variables));
        variables.remove("VIRTUAL_ENV");
        assertEquals(List.of(programOnPath), Server.findCommand(variables));
        variables.remove("PATH");
        assertEquals(List.of("python3", "-m", "flinkmock"), Server.findCommand(variables));
    }

    @Test
    void theReasonForAFailedStartIsReported() throws IOException {
        checkFailedStart("/nowhere/flinkmock", "Install flinkmock with pip");
        checkFailedStart(writeProgram("broken", "echo 'no module named aiohttp' >&2; exit 3"), "no module named aiohttp");
        checkFailedStart(writeProgram("other", "echo hello"), "unexpected output: hello");
    }

    private static void checkFailedStart(String program, String reason) {
        String message = assertThrows(FlinkMockException.class, () -> Server.start(List.of(program)))
                .getMessage();
        assertTrue(message.contains(reason), message);
    }
}
