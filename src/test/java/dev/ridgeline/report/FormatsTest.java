package dev.ridgeline.report;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import javax.xml.parsers.DocumentBuilderFactory;

class FormatsTest {
    private static final String HOSTILE = "a \"b\", <c> | d\\\nand\u0001 more";
    private static final ResultFile FILE =
            Samples.of(
                    Samples.row("a", 1.5e-3, 0.01),
                    Samples.without(HOSTILE, Row.Status.WRONG, HOSTILE),
                    Samples.without("c", Row.Status.REFUSED, "takes f32 only"),
                    Samples.without("d", Row.Status.FAILED, "out of memory"));

    @Test
    void csv_has_units_in_its_titles_and_every_field_in_every_line() {
        var csv = Format.CSV.of(Samples.suite());
        var lines = csv.split("\r\n");
        assertThat(lines).hasSize(1 + Samples.suite().rows().size());
        assertThat(lines[0]).contains("median (s)", "rate (flop/s)", "rate (byte/s)");
        assertThat(lines[1])
                .startsWith("gemm,nt m=512 n=512 k=512,f32,gemm/cpu_packed,cpu,1,MEASURED,,");
        assertThat(lines[1].replace("\"fma f32, 1 thread\"", "fma").split(","))
                .hasSameSizeAs(lines[0].split(","));
    }

    @Test
    void csv_quotes_as_rfc_4180_says() {
        assertThat(Format.CSV.of(FILE))
                .contains(",WRONG,\"a \"\"b\"\", <c> | d\\\nand\u0001 more\",,");
    }

    @Test
    void csv_keeps_full_doubles() {
        assertThat(Format.CSV.of(Samples.of(Samples.row("a", 1 / 3.0, 0.01))))
                .contains("," + 1 / 3.0 + ",");
    }

    @Test
    void markdown_has_as_many_cells_in_every_line() {
        var lines = Format.MARKDOWN.of(FILE).lines().toList();
        assertThat(lines).hasSize(2 + FILE.rows().size());
        assertThat(lines)
                .allSatisfy(
                        line ->
                                assertThat(line.replace("\\\\", "").replace("\\|", "").chars())
                                        .filteredOn(c -> c == '|')
                                        .hasSize(12));
        assertThat(lines.get(2))
                .contains(
                        "| 1.500 ms | ±1.0 % | 667 MFLOP/s | 50 % of fma f32, 1 thread | quiet |");
    }

    @Test
    void junit_has_a_case_per_row() throws Exception {
        var xml = Format.JUNIT.of(FILE);
        var suite =
                DocumentBuilderFactory.newInstance()
                        .newDocumentBuilder()
                        .parse(new ByteArrayInputStream(xml.getBytes(UTF_8)))
                        .getDocumentElement();
        assertThat(suite.getAttribute("tests")).isEqualTo("4");
        assertThat(suite.getAttribute("failures")).isEqualTo("1");
        assertThat(suite.getAttribute("errors")).isEqualTo("1");
        assertThat(suite.getAttribute("skipped")).isEqualTo("1");
        assertThat(suite.getElementsByTagName("testcase").getLength()).isEqualTo(4);
        var failure = suite.getElementsByTagName("failure").item(0);
        assertThat(failure.getAttributes().getNamedItem("message").getNodeValue())
                .startsWith("a \"b\", <c> | d\\");
    }

    @Test
    void openmetrics_is_a_series_per_row_and_figure() {
        var lines = Format.OPENMETRICS.of(Samples.suite()).lines().toList();
        var series =
                IntStream.range(0, lines.size() - 1)
                        .mapToObj(lines::get)
                        .filter(l -> !l.startsWith("#"))
                        .toList();
        assertThat(lines.getLast()).isEqualTo("# EOF");
        assertThat(series)
                .hasSize(3 * 43)
                .allMatch(l -> l.matches("[a-z_]+\\{([a-z]+=\"[^\"]*\",?)+} [-+.E\\d]+"));
        assertThat(series.stream().map(l -> l.split("} ")[0]).collect(Collectors.toSet()))
                .hasSameSizeAs(series);
    }
}
