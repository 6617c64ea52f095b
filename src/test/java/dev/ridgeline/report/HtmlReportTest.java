package dev.ridgeline.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

class HtmlReportTest {
    static final List<HtmlReport.Source> SOURCES =
            List.of(
                    new HtmlReport.Source("sample.json", Samples.suite()),
                    new HtmlReport.Source("later.json", Samples.suite(2, 1.05)));

    /// A file whose every text tries to become markup.
    static ResultFile hostile() {
        var attack =
                "</script><script>window.pwned=1</script><img src=x onerror=pwned=1>\"'&{{}}<!--";
        var row = Samples.row(attack, attack, 1e-3, 0.01);
        var file = Samples.of(row, Samples.without(attack + 2, Row.Status.FAILED, attack));
        return new ResultFile(
                file.schema(),
                attack,
                List.of(attack),
                new ResultFile.Build(attack, attack, false),
                Map.of(attack, attack),
                List.of(new ResultFile.DeviceRecord(attack, attack, 1, 1, Optional.empty())),
                file.protocol(),
                List.of(
                        new ResultFile.CeilingRecord(
                                attack, attack, 1, 1e9, 1e9, 1e9, "flop/s", List.of()),
                        new ResultFile.CeilingRecord(
                                attack, attack, 1, 1e9, 1e9, 1e9, "byte/s", List.of())),
                file.rows(),
                true);
    }

    @Test
    void hostile_text_stays_text() {
        var page = HtmlReport.of(List.of(new HtmlReport.Source("<b>'\"", hostile())), 0);
        assertThat(page).doesNotContain("<img", "<script>window", "<b>'");
        assertThat(Pattern.compile("<script").matcher(page).results().count()).isEqualTo(2);
    }

    @Test
    void the_page_holds_its_results() throws IOException {
        var page = HtmlReport.of(SOURCES, 0);
        var data = Pattern.compile("(?s)<script type=\"application/json\"[^>]*>(.*?)</script>");
        var found = data.matcher(page).results().map(m -> m.group(1)).toList();
        var json = new ObjectMapper();
        assertThat(found).hasSize(2);
        for (int i = 0; i < found.size(); i++)
            assertThat(json.readTree(found.get(i)))
                    .isEqualTo(json.readTree(ResultStore.json(SOURCES.get(i).file())));
    }

    @Test
    void asks_for_nothing_from_outside() {
        assertThat(HtmlReport.of(SOURCES, 0))
                .doesNotContainPattern("(src|href)=\"(?!#|data:)")
                .doesNotContain("@import", "url(", "fetch(");
    }

    @Test
    void ids_are_unique() {
        var ids =
                Pattern.compile(" id=\"([^\"]*)\"")
                        .matcher(HtmlReport.of(SOURCES, 0))
                        .results()
                        .map(m -> m.group(1))
                        .toList();
        assertThat(ids).doesNotHaveDuplicates().contains("file-1-row-0", "file-2-row-0");
    }

    @Test
    void draws_a_file_that_has_next_to_nothing() {
        var empty = new HtmlReport.Source("empty.json", Samples.of());
        var page = HtmlReport.of(List.of(empty, empty), 0);
        assertThat(page).contains("0 rows compared", "The run did not end as it should");
        assertThat(page).doesNotContain("<h3>Roofline</h3>", "NaN", "Infinity");
    }

    @Test
    void says_when_files_are_not_alike() {
        var other = HtmlReportTest.hostile();
        var page =
                HtmlReport.of(
                        List.of(SOURCES.getFirst(), new HtmlReport.Source("other.json", other)), 0);
        assertThat(page).contains("0 rows compared");
    }

    @Test
    void draws_what_memory_buys() {
        var file =
                Samples.of(
                        Samples.capped("a", 100, 1),
                        Samples.capped("b", 50, 1.02),
                        Samples.capped("c", 20, 1.7));
        assertThat(CapacityCurve.knee(file.rows()).orElseThrow().name()).isEqualTo("50%");
        assertThat(HtmlReport.of(List.of(new HtmlReport.Source("capacity.json", file)), 0))
                .contains("<h3>What memory buys</h3>", "The knee is at 800.0 MiB", "it keeps 59 %")
                .doesNotContain("NaN", "Infinity");
    }

    @Test
    void needs_a_file() {
        assertThatThrownBy(() -> HtmlReport.of(List.of(), 0))
                .hasMessageContaining("needs a result");
    }

    @Test
    void a_kernel_tells_how_it_fills_a_multiprocessor() {
        var row =
                Samples.occupying(
                        "a", new Row.Occupancy("gemm_nt_bf16", 248, 8, 98304, 256, 1, 0.125));
        assertThat(HtmlReport.of(List.of(new HtmlReport.Source("gpu.json", Samples.of(row))), 0))
                .contains(
                        "gemm_nt_bf16: 1 x 256 threads a multiprocessor (%s), 248 registers and"
                                        .formatted(Si.percent(0.125))
                                + " 8 bytes local, 98,304 bytes shared");
    }
}
