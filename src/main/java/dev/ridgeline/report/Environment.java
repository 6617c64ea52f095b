package dev.ridgeline.report;

import static dev.ridgeline.report.Markup.all;
import static dev.ridgeline.report.Markup.css;
import static dev.ridgeline.report.Markup.el;
import static dev.ridgeline.report.Markup.text;

import dev.ridgeline.measure.Protocol;
import dev.ridgeline.report.ResultFile.CeilingRecord;
import dev.ridgeline.report.ResultFile.DeviceRecord;

import java.util.List;
import java.util.stream.Stream;

/// What a page says of the machine, the protocol and the run: names and values.
final class Environment {
    private Environment() {}

    static Markup of(ResultFile file) {
        var host = file.host().entrySet().stream();
        var devices = Devices.byName(file).values().stream();
        return el(
                "div",
                css("environment"),
                section("Run", run(file)),
                section("Protocol", protocol(file.protocol())),
                section("Device", devices.flatMap(Environment::device)),
                section("Host", host.map(fact -> pair(fact.getKey(), shown(fact.getValue())))));
    }

    /// Every ceiling with its interval.
    static Markup ceilings(ResultFile file) {
        if (file.ceilings().isEmpty()) return Markup.NOTHING;
        return el("dl", css("pairs"), all(file.ceilings().stream().map(Environment::ceiling)));
    }

    private static Markup ceiling(CeilingRecord c) {
        return pair(c.name(), Si.rate(c.value(), c.unit()) + " " + Si.plusMinus(c.noise()));
    }

    private static Stream<Markup> device(List<DeviceRecord> records) {
        var first = records.getFirst();
        return Stream.concat(
                Stream.of(
                        pair(first.name(), first.description()),
                        pair("used", Devices.threads(records)),
                        pair("memory", Si.binaryBytes(first.capacityBytes()))),
                first.vectorBits().map(bits -> pair("vectors", bits + " bits")).stream());
    }

    private static Stream<Markup> protocol(Protocol protocol) {
        return Stream.of(
                pair("rounds", protocol.rounds()),
                pair("warm-up", "at least " + seconds(protocol.warmupSeconds()) + " a round"),
                pair("sampling", "at most " + seconds(protocol.maxSeconds()) + " a row"),
                pair("noise allowed", "±" + Si.percent(protocol.maxNoise())),
                pair("operands", protocol.cold() ? "not in cache" : "in cache"),
                pair("seed", protocol.seed()));
    }

    private static String seconds(double seconds) {
        return Si.scaled(seconds, 2, "s");
    }

    private static Stream<Markup> run(ResultFile file) {
        var build = file.ridgeline();
        return Stream.of(
                pair("began", file.created()),
                pair("ridgeline", build.version()),
                pair("commit", build.commit() + (build.dirty() ? " and changes" : "")),
                pair("arguments", String.join(" ", file.argv())),
                pair("schema", file.schema()));
    }

    /// Long integers, which are bytes mostly, in groups of three digits.
    private static Object shown(Object fact) {
        return fact instanceof Integer || fact instanceof Long ? Si.format("%,d", fact) : fact;
    }

    private static Markup section(String title, Stream<Markup> pairs) {
        return el("section", el("h4", title), el("dl", css("pairs"), all(pairs)));
    }

    private static Markup pair(String name, Object value) {
        return el("div", el("dt", name), el("dd", text(value)));
    }
}
