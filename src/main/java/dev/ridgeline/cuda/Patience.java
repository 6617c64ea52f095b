package dev.ridgeline.cuda;

import java.util.concurrent.locks.LockSupport;
import java.util.function.IntSupplier;

/// How long the host waits for a device before it takes it for hung.
///
/// @param seconds that pass without an answer
record Patience(long seconds) {
    /// System property with another number of seconds.
    static final String PROPERTY = "ridgeline.cuda.patience";

    /// Longer than any launch of a row takes, the slowest kernel at the largest shape among them.
    private static final long USUAL_SECONDS = 120;

    /// A wait this short is worth a core, because a sleep would make it longer.
    private static final long SPINNING = 2_000_000;

    private static final long NAP = 20_000;

    static Patience usual() {
        return new Patience(Long.getLong(PROPERTY, USUAL_SECONDS));
    }

    /// Asks until the answer is another than `notYet` or the time is up.
    ///
    /// @return the last answer
    int until(IntSupplier question, int notYet) {
        int answer = question.getAsInt();
        long begun = System.nanoTime();
        while (answer == notYet) {
            long waited = System.nanoTime() - begun;
            if (waited > seconds * 1_000_000_000L) return answer;
            if (waited < SPINNING) Thread.onSpinWait();
            else LockSupport.parkNanos(NAP);
            answer = question.getAsInt();
        }
        return answer;
    }
}
