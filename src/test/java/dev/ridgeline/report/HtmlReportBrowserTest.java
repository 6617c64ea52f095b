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
        var sources =
                List.of(
                        new HtmlReport.Source("sample.json", Samples.suite()),
                        new HtmlReport.Source("sample-later.json", Samples.suite(2, 1.05)));
        return HtmlReport.of(sources.subList(0, files), 0);
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
    @CsvSource({"1,1400,light", "1,1400,dark", "1,360,light", "1,360,dark", "2,1400,light", "2,360,dark"})
    void fits_and_is_quiet(int files, int width, String scheme) throws Exception {
        browser.resize(width, 900, scheme.equals("dark"));
        browser.open((files == 1 ? one : two).toUri());
        assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
                .isLessThanOrEqualTo(width);
        assertThat(browser.complaints()).isEmpty();
        assertThat(browser.requests()).allMatch(url -> url.startsWith("file:") || url.startsWith("data:"));
        browser.screenshot(
                Path.of("target", "report-screenshots", "%d-%d-%s.png".formatted(files, width, scheme)));
    }

    @Test
    void shows_every_row() throws Exception {
        assertThat(texts("#file-1-row-table tbody tr")).hasSize(Samples.suite().rows().size());
    }
}
