package flinkmock.junit5;

import java.util.Optional;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

/** Creates the cluster of a test if the test, or a method that runs before or after each test, takes a {@link FlinkMock}. */
public final class FlinkMockExtension implements ParameterResolver, AfterEachCallback {
    private static final Namespace NAMESPACE = Namespace.create(FlinkMockExtension.class);

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == FlinkMock.class && context.getTestMethod().isPresent();
    }

    @Override
    public FlinkMock resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return store(context).getOrComputeIfAbsent(FlinkMock.class, type -> open(context), FlinkMock.class);
    }

    @Override
    public void afterEach(ExtensionContext context) {
        FlinkMock cluster = store(context).remove(FlinkMock.class, FlinkMock.class);
        if (cluster == null) {
            return;
        }
        try {
            if (context.getExecutionException().isEmpty()) {
                cluster.verify();
                cluster.findings().forEach(finding -> context.publishReportEntry("flinkmock", finding));
            }
        } finally {
            cluster.close();
        }
    }

    private static FlinkMock open(ExtensionContext context) {
        FlinkMockTest settings = settings(context).orElseThrow(() ->
                new FlinkMockException("There is no @FlinkMockTest on " + context.getRequiredTestMethod() + "."));
        return FlinkMock.open(settings, context.getRequiredTestClass().getClassLoader());
    }

    private static Optional<FlinkMockTest> settings(ExtensionContext context) {
        Optional<FlinkMockTest> annotation =
                AnnotationSupport.findAnnotation(context.getRequiredTestMethod(), FlinkMockTest.class);
        for (Class<?> type = context.getRequiredTestClass(); annotation.isEmpty() && type != null; ) {
            annotation = AnnotationSupport.findAnnotation(type, FlinkMockTest.class);
            type = type.getEnclosingClass();
        }
        return annotation;
    }

    private static Store store(ExtensionContext context) {
        return context.getStore(NAMESPACE);
    }
}
