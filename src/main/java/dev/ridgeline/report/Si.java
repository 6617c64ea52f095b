package dev.ridgeline.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/// Numbers for people: a few significant digits and an SI prefix, the same in every locale.
public final class Si {
    private static final String[] PREFIXES = {"n", "µ", "m", "", "k", "M", "G", "T", "P", "E"};
    private static final int NO_PREFIX = 3;

    private Si() {}

    /// `1.234 ms`.
    public static String seconds(double seconds) {
        return scaled(seconds, 4, "s");
    }

    /// `231 GFLOP/s`, `21.3 GB/s`.
    ///
    /// @param unit `flop/s` or `byte/s`
    public static String rate(double value, String unit) {
        return scaled(value, 3, symbol(unit));
    }

    /// `FLOP/s` for `flop/s`, `B/s` for `byte/s`; any other as it is.
    static String symbol(String unit) {
        return switch (unit) {
            case "flop/s" -> "FLOP/s";
            case "byte/s" -> "B/s";
            default -> unit;
        };
    }

    /// `91 %`, `8.4 %`, `0.08 %`: as many decimals as leave two digits, two at most.
    public static String percent(double share) {
        double percent = Math.abs(share) * 100;
        int decimals = percent < 0.095 ? 2 : percent < 9.95 ? 1 : 0;
        return fixed(share * 100, decimals) + " %";
    }

    /// `±0.8 %`.
    public static String plusMinus(double share) {
        return "±" + percent(share);
    }

    static String fixed(double value, int decimals) {
        return format("%." + decimals + "f", value);
    }

    /// `1 row`, `3 rows`.
    public static String count(long n, String thing) {
        return n + " " + thing + (n == 1 ? "" : "s");
    }

    /// `String.format` in no language.
    static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    /// `16.0 GiB`.
    public static String binaryBytes(long bytes) {
        int power = bytes == 0 ? 0 : (63 - Long.numberOfLeadingZeros(bytes)) / 10;
        if (power == 0) return bytes + " B";
        return fixed(Math.scalb((double) bytes, -10 * power), 1)
                + " "
                + " KMGTPE".charAt(power)
                + "iB";
    }

    /// `85.3`, `0.0833`: three significant digits, no prefix.
    static String plain(double value) {
        return new BigDecimal(value)
                .round(new MathContext(3, RoundingMode.HALF_EVEN))
                .toPlainString();
    }

    /// `value` to `digits` significant digits, with the prefix that leaves 1 to 3 before the point.
    public static String scaled(double value, int digits, String unit) {
        if (value == 0) return "0 " + unit;
        // rounded before the prefix is chosen: 0.9999996 s is 1.000 s, not 1000 ms
        var rounded = new BigDecimal(value).round(new MathContext(digits, RoundingMode.HALF_EVEN));
        int exponent = rounded.precision() - rounded.scale() - 1;
        int group =
                Math.clamp(Math.floorDiv(exponent, 3), -NO_PREFIX, PREFIXES.length - 1 - NO_PREFIX);
        int decimals = Math.max(0, digits - 1 - (exponent - 3 * group));
        var number =
                rounded.movePointLeft(3 * group)
                        .setScale(decimals, RoundingMode.HALF_EVEN)
                        .toPlainString();
        return number + " " + PREFIXES[group + NO_PREFIX] + unit;
    }
}
