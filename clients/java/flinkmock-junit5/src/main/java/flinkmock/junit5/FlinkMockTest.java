package flinkmock.junit5;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives each test a fake Flink cluster, as a parameter of type {@link FlinkMock}.
 *
 * <p>On a class it applies to all tests of the class and of its nested classes; on a method it replaces the
 * annotation of the class. When the test has passed, the cluster is verified, and its findings are
 * published; see {@link FlinkMock#verify} and {@link FlinkMock#findings}.
 */
@Documented
@Inherited
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(FlinkMockExtension.class)
public @interface FlinkMockTest {
    /** YAML or JSON text, the name of a `.yaml` file or resource, or of a built-in scenario. Default: no jobs. */
    String scenario() default "";

    /** The minor release to serve, such as "1.20". Default: the scenario's, else the newest. */
    String flink() default "";

    /** "1s per request", "virtual", "real" or "10x". Default: the scenario's, else "1s per request". */
    String clock() default "";

    /** The cluster time at which the scenario begins: "2026-01-01T00:00:00Z". Default: the scenario's, else now. */
    String startTime() default "";

    /** Whether {@link FlinkMock#verify} allows requests that match no operation of the cluster. */
    boolean allowUnexpected() default false;
}
