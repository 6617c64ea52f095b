package dev.ridgeline.load;

import dev.ridgeline.load.LoadReport.Stage;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Completes the memory of devices that have loaded a share each: every one fetches the shares of
/// the others from their memory, as copies do that shard their weights flat.
public final class Gathering {
    private static final long BLOCK = 64L << 20;

    private Gathering() {}

    /// @param plan the whole, of which target number r has loaded share r
    /// @return a stage whose busy time is that of all devices together
    public static Stage all(LoadPlan plan, List<Target> targets) {
        int ranks = targets.size();
        try (var threads = Executors.newFixedThreadPool(ranks)) {
            var running = new ArrayList<Future<Double>>();
            for (int rank = 0; rank < ranks; rank++) {
                int own = rank;
                running.add(threads.submit(() -> fetch(plan, targets, own)));
            }
            double busy = 0;
            for (var each : running) busy += each.get();
            return new Stage("gather", plan.bytes() * (ranks - 1), busy);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while gathering", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException r
                    ? r
                    : new IllegalStateException(e.getCause());
        }
    }

    private static double fetch(LoadPlan plan, List<Target> targets, int own) {
        var to = targets.get(own);
        int ranks = targets.size();
        long begin = System.nanoTime();
        try (var link = to.device().link()) {
            // each begins with its neighbour, so that no device is asked by all at once
            for (int step = 1; step < ranks; step++) {
                int peer = (own + step) % ranks;
                var from = targets.get(peer);
                long end = plan.boundary(peer + 1, ranks);
                for (long at = plan.boundary(peer, ranks); at < end; at += BLOCK)
                    link.gather(
                                    to.buffer(),
                                    to.shift() + at,
                                    from.buffer(),
                                    from.shift() + at,
                                    Math.min(BLOCK, end - at))
                            .on(link.in());
            }
            link.in().synchronize();
            return (System.nanoTime() - begin) * 1e-9;
        }
    }
}
