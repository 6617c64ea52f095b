package dev.ridgeline.report;

import static dev.ridgeline.report.Markup.all;
import static dev.ridgeline.report.Markup.at;
import static dev.ridgeline.report.Markup.css;
import static dev.ridgeline.report.Markup.el;
import static dev.ridgeline.report.Markup.text;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Results as one self-contained page: no network, no other file, and the results themselves inside
/// as JSON. It is readable without its script, which only sorts, filters and shows details.
///
/// The page's content security policy admits its own style and script by their hashes and nothing
/// else, so that a hostile result file could not run anything even past the escaping.
public final class HtmlReport {
    private static final String STYLE = resource("report.css");
    private static final String SCRIPT = resource("report.js");
    private static final String MARK =
            "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E"
                    + "%3Cpath d='M2 20 12 7h10' fill='none' stroke='%230b62a8' stroke-width='3.5'"
                    + " stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E";

    /// @param name how readers know the file, usually its file name
    public record Source(String name, ResultFile file) {}

    private HtmlReport() {}

    /// @param sources at least one; where there are several, all are compared with the first
    /// @param threshold of the comparison, see [Comparison]
    public static String of(List<Source> sources, double threshold) {
        if (sources.isEmpty()) throw new IllegalArgumentException("a report needs a result");
        var title = sources.stream().map(Source::name).collect(Collectors.joining(", "));
        return "<!doctype html>\n"
                + el(
                        "html",
                        at("lang", "en"),
                        head("Ridgeline: " + title),
                        el(
                                "body",
                                top(sources),
                                el(
                                        "main",
                                        comparison(sources, threshold),
                                        all(
                                                IntStream.range(0, sources.size())
                                                        .mapToObj(
                                                                i ->
                                                                        Chapter.of(
                                                                                "file-" + (i + 1),
                                                                                sources.get(i)
                                                                                        .name(),
                                                                                sources.get(i)
                                                                                        .file())))),
                                bottom(),
                                el("div", at("id", "tip"), at("role", "tooltip"), at("hidden", "")),
                                all(
                                        sources.stream()
                                                .map(
                                                        s ->
                                                                Markup.data(
                                                                        s.name(),
                                                                        ResultStore.json(
                                                                                s.file())))),
                                Markup.verbatim("script", SCRIPT)))
                + "\n";
    }

    private static Markup head(String title) {
        return el(
                "head",
                el("meta", at("charset", "utf-8")),
                el(
                        "meta",
                        at("http-equiv", "Content-Security-Policy"),
                        at(
                                "content",
                                "default-src 'none'; img-src data:; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'"
                                        .formatted(hash(STYLE), hash(SCRIPT)))),
                el(
                        "meta",
                        at("name", "viewport"),
                        at("content", "width=device-width, initial-scale=1")),
                el("meta", at("name", "color-scheme"), at("content", "light dark")),
                el("title", title),
                el("link", at("rel", "icon"), at("href", MARK)),
                Markup.verbatim("style", STYLE));
    }

    private static Markup top(List<Source> sources) {
        var brand =
                el(
                        "span",
                        css("brand"),
                        el(
                                "svg",
                                at("viewBox", "0 0 24 24"),
                                at("aria-hidden", true),
                                el("path", at("d", "M2 20 12 7h10"))),
                        el("h1", "Ridgeline"));
        if (sources.size() == 1) return el("header", css("top"), brand);
        var links =
                IntStream.range(0, sources.size())
                        .mapToObj(
                                i ->
                                        el(
                                                "a",
                                                sources.get(i).name(),
                                                at("href", "#file-" + (i + 1))));
        return el(
                "header",
                css("top"),
                brand,
                el(
                        "nav",
                        at("aria-label", "Files"),
                        el("a", "Comparison", at("href", "#comparison")),
                        all(links)));
    }

    private static Markup comparison(List<Source> sources, double threshold) {
        if (sources.size() == 1) return Markup.NOTHING;
        var first = sources.getFirst();
        var others = sources.subList(1, sources.size());
        var comparisons =
                others.stream().map(s -> Comparison.of(first.file(), s.file(), threshold)).toList();
        return el(
                "article",
                at("id", "comparison"),
                el("header", el("h2", "Comparison with " + first.name())),
                el(
                        "ul",
                        css("warnings"),
                        all(
                                others.stream()
                                        .flatMap(
                                                s ->
                                                        Comparison.objection(first.file(), s.file())
                                                                .map(
                                                                        why ->
                                                                                el(
                                                                                        "li",
                                                                                        s.name()
                                                                                                + ": "
                                                                                                + why))
                                                                .stream()))),
                all(
                        IntStream.range(0, others.size())
                                .mapToObj(
                                        i ->
                                                SpeedTable.sentence(
                                                        others.get(i).name(), comparisons.get(i)))),
                el(
                        "section",
                        el(
                                "p",
                                "Speed is the first file's time over the other's: above 1 is"
                                    + " faster. A row differs only where the two intervals do not"
                                    + " overlap; the drawing shows the speed with its interval, and"
                                    + " the line is no change. Unclear means that a noisy row could"
                                    + " hide a difference.",
                                css("how")),
                        SpeedTable.of(sources.stream().map(Source::name).toList(), comparisons)));
    }

    private static Markup bottom() {
        return el(
                "footer",
                el(
                        "p",
                        text(
                                "Intervals hold the median with 95 % confidence. Rates count the"
                                        + " flops of the mathematics, not of the kernel. The page"
                                        + " holds its own data: ")),
                el("button", "Save the results as JSON", at("type", "button"), at("id", "save")));
    }

    private static String hash(String source) {
        try {
            var digest = MessageDigest.getInstance("SHA-256").digest(source.getBytes(UTF_8));
            return "sha256-" + Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static String resource(String name) {
        try (var in = HtmlReport.class.getResourceAsStream(name)) {
            return new String(Objects.requireNonNull(in, name).readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
