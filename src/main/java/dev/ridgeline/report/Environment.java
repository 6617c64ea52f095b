package dev.ridgeline.report;

import static dev.ridgeline.report.Markup.all;
import static dev.ridgeline.report.Markup.css;
import static dev.ridgeline.report.Markup.el;
import static dev.ridgeline.report.Markup.text;

import java.util.stream.Stream;

/// What a page says of the machine, the protocol and the run: names and values.
final class Environment {
    private Environment() {}

    /// Every ceiling with its interval.
    static Markup ceilings(ResultFile file) {
        if (file.ceilings().isEmpty()) return Markup.NOTHING;
        return el(
                "dl",
                css("pairs"),
                all(
                        file.ceilings().stream()
                                .map(
                                        c ->
                                                pair(
                                                        c.name(),
                                                        "%s %s"
                                                                .formatted(
                                                                        Si.rate(
                                                                                c.value(),
                                                                                c.unit()),
                                                                        Si.plusMinus(
                                                                                (c.high() - c.low())
                                                                                        / 2
                                                                                        / c
                                                                                                .value()))))));
    }

    static Markup of(ResultFile file) {
        var protocol = file.protocol();
        return el(
                "div",
                css("environment"),
                pairs(
                        "Host",
                        file.host().entrySet().stream().map(e -> pair(e.getKey(), e.getValue()))),
                pairs(
                        "Device",
                        file.devices().stream()
                                .flatMap(
                                        d ->
                                                Stream.of(
                                                        pair(d.name(), d.description()),
                                                        pair("threads", d.threads()),
                                                        pair(
                                                                "memory",
                                                                Si.binaryBytes(d.capacityBytes())),
                                                        d.vectorBits()
                                                                .map(
                                                                        bits ->
                                                                                pair(
                                                                                        "vectors",
                                                                                        bits
                                                                                                + " bits"))
                                                                .orElse(Markup.NOTHING)))),
                pairs(
                        "Protocol",
                        Stream.of(
                                pair("rounds", protocol.rounds()),
                                pair(
                                        "warm-up",
                                        "at least "
                                                + Si.scaled(protocol.warmupSeconds(), 2, "s")
                                                + " a round"),
                                pair(
                                        "sampling",
                                        "at most "
                                                + Si.scaled(protocol.maxSeconds(), 2, "s")
                                                + " a row"),
                                pair("noise allowed", "±" + Si.percent(protocol.maxNoise())),
                                pair("operands", protocol.cold() ? "not in cache" : "in cache"),
                                pair("seed", protocol.seed()))),
                pairs(
                        "Run",
                        Stream.of(
                                pair("began", file.created()),
                                pair("ridgeline", file.ridgeline().version()),
                                pair(
                                        "commit",
                                        file.ridgeline().commit()
                                                + (file.ridgeline().dirty() ? " and changes" : "")),
                                pair("arguments", String.join(" ", file.argv())),
                                pair("schema", file.schema()))));
    }

    private static Markup pairs(String title, Stream<Markup> pairs) {
        return el("section", el("h4", title), el("dl", css("pairs"), all(pairs)));
    }

    private static Markup pair(String name, Object value) {
        return el("div", el("dt", name), el("dd", text(value)));
    }
}
