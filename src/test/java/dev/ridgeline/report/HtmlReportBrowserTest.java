package dev.ridgeline.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;

/// The page in a real browser. Needs a Chromium on the path; skipped, saying so, where there is
/// none. Screenshots are left in `target/report-screenshots`.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HtmlReportBrowserTest {
    private static final int TAB = 9;
    private static final int RIGHT = 39;

    private Browser browser;
    private Path one;
    private Path two;

    @BeforeAll
    void open(@TempDir Path folder) throws IOException, InterruptedException {
        var chromium = Browser.installed();
        assumeTrue(
                chromium.isPresent(),
                "no chromium, chromium-browser or google-chrome on the path: page not tested");
        one = Files.writeString(folder.resolve("one.html"), page(1));
        two = Files.writeString(folder.resolve("two.html"), page(2));
        browser = Browser.start(chromium.get(), Files.createDirectory(folder.resolve("profile")));
    }

    private static String page(int files) {
        return HtmlReport.of(HtmlReportTest.SOURCES.subList(0, files), 0);
    }

    @AfterAll
    void close() throws IOException, InterruptedException {
        if (browser != null) browser.close();
    }

    @BeforeEach
    void show() throws IOException, InterruptedException {
        browser.resize(1400, 1000, false);
        browser.open(one.toUri());
    }

    private List<String> texts(String selector) throws IOException {
        var found =
                browser.evaluate(
                        "[...document.querySelectorAll('%s')].map(e => e.innerText)"
                                .formatted(selector));
        return StreamSupport.stream(found.spliterator(), false).map(JsonNode::asText).toList();
    }

    @ParameterizedTest
    @CsvSource({
        "1,1400,light",
        "1,1400,dark",
        "1,360,light",
        "1,360,dark",
        "2,1400,light",
        "2,360,dark"
    })
    void fits_and_is_quiet(int files, int width, String scheme) throws Exception {
        browser.resize(width, 900, scheme.equals("dark"));
        browser.open((files == 1 ? one : two).toUri());
        assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
                .isLessThanOrEqualTo(width);
        assertThat(browser.complaints()).isEmpty();
        assertThat(browser.requests())
                .allMatch(url -> url.startsWith("file:") || url.startsWith("data:"));
        browser.screenshot(
                Path.of(
                        "target",
                        "report-screenshots",
                        "%d-%d-%s.png".formatted(files, width, scheme)));
    }

    @Test
    void shows_every_row() throws Exception {
        assertThat(texts("#file-1-row-table tbody tr")).hasSize(Samples.suite().rows().size());
        assertThat(texts("output")).containsExactly("45 rows");
        assertThat(browser.evaluate("document.querySelectorAll('.wide .point').length").asInt())
                .isEqualTo(42);
    }

    @Test
    void sorts_up_down_and_back() throws Exception {
        var median = "#file-1-row-table thead th:nth-child(6)";
        var values = "#file-1-row-table tbody td[data-label=Median]";
        var before = texts("#file-1-row-table tbody tr");
        browser.click(median + " button");
        var up = medians();
        assertThat(up).isSorted().hasSize(43);
        assertThat(attribute(median, "aria-sort")).isEqualTo("ascending");
        assertThat(texts("#file-1-row-table tbody tr:nth-last-child(-n+2) .chip"))
                .containsExactly("refused", "wrong");
        browser.click(median + " button");
        assertThat(medians()).isEqualTo(up.reversed());
        assertThat(attribute(median, "aria-sort")).isEqualTo("descending");
        browser.click(median + " button");
        assertThat(texts("#file-1-row-table tbody tr")).isEqualTo(before);
        assertThat(texts(values)).hasSize(43);
    }

    private List<Double> medians() throws IOException {
        var found =
                browser.evaluate(
                        "[...document.querySelectorAll('#file-1-row-table td[data-label=Median]')]"
                                + ".map(e => Number(e.dataset.value))");
        return StreamSupport.stream(found.spliterator(), false).map(JsonNode::asDouble).toList();
    }

    private String attribute(String selector, String name) throws IOException {
        return browser.evaluate(
                        "document.querySelector('%s').getAttribute('%s')".formatted(selector, name))
                .asText();
    }

    @Test
    void filters_by_op_and_by_words() throws Exception {
        browser.evaluate(
                """
                (() => {
                  const op = document.querySelector('select.op');
                  op.value = 'gemm';
                  op.dispatchEvent(new Event('change'));
                })()\
                """);
        assertThat(texts("#file-1-row-table tbody tr:not([hidden]) th"))
                .hasSize(23)
                .containsOnly("gemm");
        browser.click("input[type=search]");
        browser.type("BF16 cpu_packed");
        assertThat(texts("#file-1-row-table tbody tr:not([hidden])")).hasSize(2);
        assertThat(texts("output")).containsExactly("2 of 45 rows");
    }

    @Test
    void the_keyboard_reaches_every_point() throws Exception {
        browser.evaluate("document.querySelector('.wide .point').focus()");
        var first = texts("#tip").getFirst();
        assertThat(first).startsWith("gemm nt m=512 n=512 k=512 f32").contains("GFLOP/s", "±");
        browser.press("ArrowRight", RIGHT);
        var second = texts("#tip").getFirst();
        assertThat(second).startsWith("gemm nt m=1024 n=1024 k=1024 f32");
        browser.press("Tab", TAB);
        assertThat(browser.evaluate("document.activeElement.closest('.wide') === null").asBoolean())
                .isTrue();
    }

    @Test
    void a_point_leads_to_its_row_even_if_that_was_filtered_out() throws Exception {
        browser.click("input[type=search]");
        browser.type("attention");
        browser.click(".wide .point[href$='row-20']");
        assertThat(browser.evaluate("location.hash").asText()).isEqualTo("#file-1-row-20");
        assertThat(texts("#file-1-row-table tbody tr:target th")).containsExactly("gemm");
        assertThat(texts("#file-1-row-table tbody tr[hidden]")).isEmpty();
    }

    @Test
    void is_readable_without_its_script() throws Exception {
        browser.send("Emulation.setScriptExecutionDisabled", Map.of("value", true));
        browser.open(one.toUri());
        browser.send("Emulation.setScriptExecutionDisabled", Map.of("value", false));
        assertThat(texts("#file-1-row-table tbody tr")).hasSize(45);
        assertThat(
                        browser.evaluate(
                                        "getComputedStyle(document.querySelector('.tools')).display")
                                .asText())
                .isEqualTo("none");
    }

    @Test
    void compares_files_side_by_side() throws Exception {
        browser.open(two.toUri());
        assertThat(texts("#speeds thead th"))
                .contains("sample.json", "later.json", "Speed", "Verdict");
        assertThat(texts("#speeds tbody .chip")).contains("faster", "same", "unclear");
        assertThat(texts("article h2")).hasSize(3);
    }

    @Test
    void a_hostile_file_runs_nothing() throws Exception {
        var source = new HtmlReport.Source("<img src=x>", HtmlReportTest.hostile());
        var file =
                Files.writeString(
                        one.resolveSibling("hostile.html"), HtmlReport.of(List.of(source), 0));
        browser.open(file.toUri());
        assertThat(browser.evaluate("typeof window.pwned").asText()).isEqualTo("undefined");
        assertThat(browser.evaluate("document.images.length").asInt()).isZero();
        assertThat(browser.complaints()).isEmpty();
        assertThat(texts("h2").getFirst()).startsWith("</script><script>window.pwned=1");
    }

    @Test
    void scripts_that_are_not_the_pages_own_do_not_run() throws Exception {
        var page = HtmlReport.of(HtmlReportTest.SOURCES.subList(0, 1), 0);
        var file =
                Files.writeString(
                        one.resolveSibling("injected.html"),
                        page.replace("</body>", "<script>window.pwned = 1</script></body>"));
        browser.open(file.toUri());
        assertThat(browser.evaluate("typeof window.pwned").asText()).isEqualTo("undefined");
        assertThat(browser.complaints()).hasSize(1);
    }

    @Test
    void prints_without_its_tools() throws Exception {
        browser.send("Emulation.setEmulatedMedia", Map.of("media", "print"));
        assertThat(
                        browser.evaluate(
                                        "getComputedStyle(document.querySelector('.tools')).display")
                                .asText())
                .isEqualTo("none");
        browser.send("Emulation.setEmulatedMedia", Map.of("media", ""));
    }
}
