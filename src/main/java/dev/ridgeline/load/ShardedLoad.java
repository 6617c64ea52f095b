package dev.ridgeline.load;

import dev.ridgeline.load.LoadReport.Stage;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// One load for several devices that all come to have the whole: each reads a share, all at once,
/// and fetches the others' from its peers.
public final class ShardedLoad {
    private ShardedLoad() {}

    /// @param targets of the plan's size; one is loaded by itself
    public static LoadReport run(Loader loader, LoadPlan plan, List<Target> targets) {
        if (targets.size() == 1) return loader.load(plan, targets.getFirst());
        long begin = System.nanoTime();
        var reports = shares(loader, plan, targets);
        var gather = Gathering.all(plan, targets);
        double seconds = (System.nanoTime() - begin) * 1e-9;
        var stages = new LinkedHashMap<String, Stage>();
        for (var report : reports)
            for (var stage : report.stages())
                stages.merge(
                        stage.name(),
                        stage,
                        (a, b) -> new Stage(a.name(), a.bytes() + b.bytes(), a.busy() + b.busy()));
        var all = new ArrayList<>(stages.values());
        all.add(gather);
        return new LoadReport(
                plan.fileBytes(),
                seconds,
                reports.stream().mapToInt(LoadReport::threads).sum(),
                List.copyOf(all),
                reports.stream().mapToDouble(LoadReport::waited).sum(),
                reports.stream().mapToLong(LoadReport::inPlace).sum());
    }

    private static List<LoadReport> shares(Loader loader, LoadPlan plan, List<Target> targets) {
        int ranks = targets.size();
        try (var threads = Executors.newFixedThreadPool(ranks)) {
            var running = new ArrayList<Future<LoadReport>>();
            for (int rank = 0; rank < ranks; rank++) {
                var share = plan.share(rank, ranks);
                var target = targets.get(rank);
                running.add(threads.submit(() -> loader.load(share, target)));
            }
            var reports = new ArrayList<LoadReport>();
            for (var each : running) reports.add(each.get());
            return reports;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while loading", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException r
                    ? r
                    : new IllegalStateException(e.getCause());
        }
    }
}
