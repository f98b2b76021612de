package flinkmock.junit5;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;

class ControlApiTest {
    @Test
    void aRedirectIsAnError() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            exchange.getResponseHeaders().add("Location", "https://flink");
            exchange.sendResponseHeaders(301, -1);
            exchange.close();
        });
        server.start();
        try {
            String url = "http://127.0.0.1:" + server.getAddress().getPort();
            FlinkMockException error =
                    assertThrows(FlinkMockException.class, () -> new ControlApi(url, "").get("/clock"));
            assertEquals("GET " + url + "/clock: 301, a redirect to https://flink", error.getMessage());
        } finally {
            server.stop(0);
        }
    }
}
