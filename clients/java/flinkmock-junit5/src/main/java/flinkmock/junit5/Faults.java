package flinkmock.junit5;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

/** The faults of a cluster. If several faults could apply to a request, the first one does. */
public final class Faults {
    private final ControlApi control;

    Faults(ControlApi control) {
        this.control = control;
    }

    /** Adds a fault, or a list of faults, as in a scenario, in YAML or JSON; returns the new faults. */
    public List<Fault> add(String yaml) {
        return list(control.send("POST", "/faults", "application/yaml", yaml));
    }

    /** Adds a fault with the keys of a fault in a scenario. */
    public Fault add(Map<String, ?> fault) {
        return list(control.post("/faults", fault)).get(0);
    }

    /** Returns all faults. */
    public List<Fault> list() {
        return list(control.get("/faults"));
    }

    /** Returns the number of requests to which the fault applied. */
    public int hits(String name) {
        return control.get("/faults/" + ControlApi.encode(name), Fault.class).hits();
    }

    /** Removes a fault. */
    public void remove(String name) {
        control.delete("/faults/" + ControlApi.encode(name));
    }

    /** Removes all faults. */
    public void clear() {
        control.delete("/faults");
    }

    private static List<Fault> list(JsonNode response) {
        return List.of(ControlApi.convert(response.get("faults"), Fault[].class));
    }
}
