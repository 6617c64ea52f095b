package dev.ridgeline.cli;

import dev.ridgeline.measure.Protocol;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.TypeConversionException;

import java.util.Locale;
import java.util.Optional;

/// How numbers are taken.
final class ProtocolOptions {
    enum Cache {
        HOT,
        COLD;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// `0.02` or `2%`.
    static final class Share implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            try {
                double value =
                        text.endsWith("%")
                                ? Double.parseDouble(text.substring(0, text.length() - 1)) / 100
                                : Double.parseDouble(text);
                if (value > 0 && value < 1) return value;
            } catch (NumberFormatException e) {
                // said below, with what would be right
            }
            throw new TypeConversionException(
                    "'%s' is not a share: use 2%% or 0.02".formatted(text));
        }
    }

    @Option(
            names = "--seed",
            scope = ScopeType.INHERIT,
            paramLabel = "N",
            description = "Seed of the operands (default: 1).")
    private Optional<Long> seed;

    @Option(
            names = "--warmup-seconds",
            scope = ScopeType.INHERIT,
            paramLabel = "S",
            description = "Before the first sample of a round, at least.")
    private Optional<Double> warmup;

    @Option(
            names = "--max-noise",
            scope = ScopeType.INHERIT,
            paramLabel = "SHARE",
            converter = Share.class,
            description =
                    "A row is quiet when half its interval is below this (default: 2%%, 0.5%% on a"
                            + " GPU).")
    private Optional<Double> noise;

    @Option(
            names = "--max-seconds",
            scope = ScopeType.INHERIT,
            paramLabel = "S",
            description = "Of sampling per row, all rounds together.")
    private Optional<Double> seconds;

    @Option(
            names = "--rounds",
            scope = ScopeType.INHERIT,
            paramLabel = "N",
            description = "Passes over all rows (default: 5, 3 on a GPU).")
    private Optional<Integer> rounds;

    @Option(
            names = "--cache",
            scope = ScopeType.INHERIT,
            paramLabel = "hot|cold",
            description = "Where operands are when a launch begins (default: cold).")
    private Optional<Cache> cache;

    /// @param usual what holds where no flag says otherwise
    Protocol protocol(Protocol usual) {
        try {
            return new Protocol(
                    warmup.orElse(usual.warmupSeconds()),
                    noise.orElse(usual.maxNoise()),
                    seconds.orElse(usual.maxSeconds()),
                    rounds.orElse(usual.rounds()),
                    cache.map(c -> c == Cache.COLD).orElse(usual.cold()),
                    seed.orElse(usual.seed()));
        } catch (IllegalArgumentException e) {
            throw Fault.usage("%s", e.getMessage());
        }
    }
}
