package dev.ridgeline.report;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Test;

class TableTest {
    @Test
    void shows() {
        System.out.println(Table.of(Samples.suite(), 100, UTF_8));
        System.out.println(Table.of(Samples.suite(), 80, US_ASCII));
        System.out.println(
                ComparisonTable.of(Comparison.of(Samples.suite(), Samples.suite(2, 1.05), 0), UTF_8));
    }
}
