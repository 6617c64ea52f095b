package dev.ridgeline.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;

/// One line on the standard error that is written over and over, if someone watches.
final class Progress {
    private static final int WIDTH = 100;

    private final PrintWriter err;
    private final boolean shown;
    private final long begun = System.nanoTime();
    private int last;
    private double from = Double.NaN;

    Progress(PrintWriter err, boolean shown) {
        this.err = err;
        this.shown = shown;
    }

    /// @param share of everything that is done, for an estimate of what is left
    void show(String what, double share) {
        if (!shown) return;
        if (Double.isNaN(from)) from = share;
        var line = what + left(share);
        if (line.length() > WIDTH) line = line.substring(0, WIDTH);
        // blanks, because not every terminal knows how to erase a line
        err.print("\r" + line + " ".repeat(Math.max(0, last - line.length())));
        err.flush();
        last = line.length();
    }

    private String left(double share) {
        double spent = (System.nanoTime() - begun) * 1e-9;
        // what a resumed run had done before took none of this time
        if (share - from < 0.02 || spent < 2) return "";
        var left = Duration.ofSeconds(Math.round(spent / (share - from) * (1 - share)));
        return String.format(Locale.ROOT, ", %d:%02d left", left.toMinutes(), left.toSecondsPart());
    }

    /// Takes the line away.
    void clear() {
        if (last == 0) return;
        err.print("\r" + " ".repeat(last) + "\r");
        err.flush();
        last = 0;
    }
}
