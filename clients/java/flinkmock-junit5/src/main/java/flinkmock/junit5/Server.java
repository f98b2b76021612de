package flinkmock.junit5;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The flinkmock process that all tests of this JVM share. It ends with the JVM, which closes its standard input. */
final class Server {
    private static final boolean WINDOWS = File.separatorChar == '\\';
    private static final String INSTALL_HINT = "Install flinkmock with pip, and set FLINKMOCK to the path of the program "
            + "unless it is on the path or in an active virtual environment.";

    private static Server shared;

    private final ControlApi control;
    /** This reference keeps the stream from being garbage-collected and closed, which would end the server. */
    private final OutputStream stdin;

    private Server(ControlApi control, OutputStream stdin) {
        this.control = control;
        this.stdin = stdin;
    }

    /** Returns the control API of the process; the first call starts it. */
    static synchronized ControlApi control() {
        if (shared == null) {
            shared = start(findCommand(System.getenv()));
        }
        return shared.control;
    }

    /**
     * Starts {@code flinkmock serve}.
     *
     * @param command the program, and the arguments before {@code serve}
     */
    static Server start(List<String> command) {
        List<String> serveCommand = new ArrayList<>(command);
        serveCommand.addAll(List.of("serve", "--port", "0", "--log", "json", "--quiet", "--until-stdin-ends"));
        String line;
        Process process;
        Path stderrFile = null;
        try {
            stderrFile = Files.createTempFile("flinkmock-", ".log");
            stderrFile.toFile().deleteOnExit();
            process = new ProcessBuilder(serveCommand).redirectError(stderrFile.toFile()).start();
            BufferedReader output =
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            line = output.readLine();
        } catch (IOException error) {
            throw new FlinkMockException(error.getMessage() + ". " + INSTALL_HINT);
        }
        if (line == null) {
            throw new FlinkMockException(
                    String.join(" ", command) + " has ended. " + INSTALL_HINT + "\n" + read(stderrFile));
        }
        if (!line.startsWith("{")) {
            process.destroy();
            throw new FlinkMockException(String.join(" ", command) + ": unexpected output: " + line);
        }
        String url = ControlApi.parse(line).path("url").asText();
        return new Server(new ControlApi(url + ControlApi.PREFIX, ""), process.getOutputStream());
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException error) {
            return error.toString();
        }
    }

    /**
     * Returns the command that runs flinkmock: the program in $FLINKMOCK, else flinkmock in the active virtual
     * environment, else flinkmock on the path, else python3 -m flinkmock.
     */
    static List<String> findCommand(Map<String, String> environment) {
        String program = environment.getOrDefault("FLINKMOCK", "");
        if (!program.isEmpty()) {
            return List.of(program);
        }
        List<Path> folders = new ArrayList<>();
        String virtualEnv = environment.getOrDefault("VIRTUAL_ENV", "");
        if (!virtualEnv.isEmpty()) {
            folders.add(Path.of(virtualEnv, WINDOWS ? "Scripts" : "bin"));
        }
        for (String folder : environment.getOrDefault("PATH", "").split(File.pathSeparator)) {
            if (!folder.isEmpty()) {
                folders.add(Path.of(folder));
            }
        }
        return folders.stream()
                .map(folder -> folder.resolve(WINDOWS ? "flinkmock.exe" : "flinkmock"))
                .filter(path -> Files.isRegularFile(path) && Files.isExecutable(path))
                .findFirst()
                .map(path -> List.of(path.toString()))
                .orElse(List.of(WINDOWS ? "python" : "python3", "-m", "flinkmock"));
    }
}
