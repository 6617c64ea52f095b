package dev.ridgeline.report;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/// Two runs, row by row: what got faster, what slower, and what cannot be told.
///
/// @param threshold share by which speeds must differ to count, besides that their intervals do not
///   overlap; 0 where every proven difference counts
/// @param pairs rows measured in both, in the order of `before`
/// @param broken rows that were measured before and are not any more, as they are now
/// @param onlyBefore rows whose key `after` does not have
/// @param onlyAfter rows whose key `before` does not have
public record Comparison(
        ResultFile before,
        ResultFile after,
        double threshold,
        List<Pair> pairs,
        List<Row> broken,
        List<Row> onlyBefore,
        List<Row> onlyAfter) {

    /// How the second run of a row stands to the first.
    public enum Verdict {
        /// No difference shown, and both were measured as precisely as the protocol asks.
        SAME,
        FASTER,
        SLOWER,
        /// No difference shown, but a noisy row could hide one.
        UNCLEAR;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// What a gate should do.
    public enum Outcome {
        PASSED(0),
        REGRESSED(1),
        NOT_ENOUGH_EVIDENCE(4);

        private final int exitCode;

        Outcome(int exitCode) {
            this.exitCode = exitCode;
        }

        public int exitCode() {
            return exitCode;
        }
    }

    /// Speed of the second run over the first: above 1 is faster.
    ///
    /// `low` and `high` divide the opposite ends of the two intervals, so that 1 is inside exactly
    /// when the intervals overlap. That covers more than 95 %.
    public record Speed(double ratio, double low, double high) {
        static Speed of(Row.Seconds before, Row.Seconds after) {
            return new Speed(
                    before.median() / after.median(),
                    before.low() / after.high(),
                    before.high() / (after.low() > 0 ? after.low() : after.min()));
        }

        Verdict verdict(double threshold, boolean noisy) {
            boolean proven = low > 1 || high < 1;
            if (!proven) return noisy ? Verdict.UNCLEAR : Verdict.SAME;
            if (Math.abs(ratio - 1) <= threshold) return Verdict.SAME;
            return ratio > 1 ? Verdict.FASTER : Verdict.SLOWER;
        }
    }

    public record Pair(Row before, Row after, Speed speed, Verdict verdict) {}

    /// Compares what the two have in common; see [#objection] for whether it means anything.
    public static Comparison of(ResultFile before, ResultFile after, double threshold) {
        if (!(threshold >= 0 && threshold < 1))
            throw new IllegalArgumentException(
                    "the threshold must be a share from 0 to below 1, not " + threshold);
        var pairs = new ArrayList<Pair>();
        var broken = new ArrayList<Row>();
        for (var old : before.rows()) {
            var now = after.row(old.key());
            if (now.isEmpty() || old.seconds().isEmpty()) continue;
            now.get()
                    .seconds()
                    .ifPresentOrElse(
                            s -> pairs.add(pair(old, now.get(), threshold)),
                            () -> broken.add(now.get()));
        }
        return new Comparison(
                before,
                after,
                threshold,
                List.copyOf(pairs),
                List.copyOf(broken),
                missing(before, after),
                missing(after, before));
    }

    private static Pair pair(Row before, Row after, double threshold) {
        var speed = Speed.of(before.seconds().orElseThrow(), after.seconds().orElseThrow());
        return new Pair(
                before, after, speed, speed.verdict(threshold, before.noisy() || after.noisy()));
    }

    private static List<Row> missing(ResultFile from, ResultFile in) {
        return from.rows().stream().filter(r -> in.row(r.key()).isEmpty()).toList();
    }

    /// Why a difference between the two would say nothing of the software: another device or
    /// another protocol. Empty if they are alike.
    public static Optional<String> objection(ResultFile before, ResultFile after) {
        var now = Devices.byName(after);
        for (var was : before.devices())
            for (var is : now.getOrDefault(was.name(), List.of()))
                if (!Devices.model(was).equals(Devices.model(is)))
                    return Optional.of(
                            "%s is another device: %s, and then %s"
                                    .formatted(was.name(), Devices.model(was), Devices.model(is)));
        var protocol = differences(before.protocol(), after.protocol());
        return protocol.isEmpty()
                ? Optional.empty()
                : Optional.of("the protocols differ: " + String.join(", ", protocol));
    }

    /// `rounds 5 against 3`, for every component that differs.
    private static List<String> differences(Record a, Record b) {
        return Arrays.stream(a.getClass().getRecordComponents())
                .filter(c -> !Objects.equals(value(c, a), value(c, b)))
                .map(c -> "%s %s against %s".formatted(c.getName(), value(c, a), value(c, b)))
                .toList();
    }

    private static Object value(RecordComponent component, Record of) {
        try {
            return component.getAccessor().invoke(of);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("a public record hides a component", e);
        }
    }

    public long count(Verdict verdict) {
        return pairs.stream().filter(p -> p.verdict() == verdict).count();
    }

    /// Share of the pairs that are faster or slower; 0 without pairs. In a run against itself it is
    /// the rate of false alarms.
    public double differing() {
        if (pairs.isEmpty()) return 0;
        return (double) (count(Verdict.FASTER) + count(Verdict.SLOWER)) / pairs.size();
    }

    public Outcome outcome() {
        if (count(Verdict.SLOWER) > 0 || !broken.isEmpty()) return Outcome.REGRESSED;
        if (count(Verdict.UNCLEAR) > 0 || pairs.isEmpty()) return Outcome.NOT_ENOUGH_EVIDENCE;
        return Outcome.PASSED;
    }

    /// The outcome in one sentence.
    public String summary() {
        var slower = Si.count(count(Verdict.SLOWER), "row");
        return switch (outcome()) {
            case PASSED -> "Nothing got slower.";
            case REGRESSED ->
                    broken.isEmpty()
                            ? slower + " got slower."
                            : "%s got slower, and %s not measured any more."
                                    .formatted(slower, broken.size());
            case NOT_ENOUGH_EVIDENCE ->
                    pairs.isEmpty()
                            ? "Not enough evidence: no row was measured in both."
                            : "Not enough evidence: a difference could hide in the noise of %s."
                                    .formatted(Si.count(count(Verdict.UNCLEAR), "row"));
        };
    }
}
