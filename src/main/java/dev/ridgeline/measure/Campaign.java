package dev.ridgeline.measure;

import dev.ridgeline.device.DeviceFailure;
import dev.ridgeline.device.NoKernel;
import dev.ridgeline.device.OutOfDeviceMemory;
import dev.ridgeline.op.Op;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Measures many rows as one: proves each, then passes over all of them as often as the protocol
/// has rounds, in alternating order, with the ceilings measured at the start of every pass.
///
/// A row of another library's kernel and those of ours on the same workload take their samples in
/// turn and on the same operands.
///
/// A row that fails ends with its reason; the others go on.
public final class Campaign {
    /// Told what happens, on the thread that runs the campaign.
    public interface Listener {
        /// @param done rows of `total` that were proven before
        void verifying(CampaignCase<?> row, int done, int total);

        void measuringCeilings(int round);

        /// The ceilings of a round are known.
        void measured(Ceilings ceilings);

        /// @param done rows of `total` that were measured before in this round
        void measuring(CampaignCase<?> row, int round, int done, int total);

        /// There is news of a row: samples, or its end.
        void changed(CampaignResult result);
    }

    private static final class Progress<O extends Op> {
        final CampaignCase<O> row;
        final List<double[]> rounds;
        Optional<Verified<O>> verified = Optional.empty();
        Optional<CampaignResult> end = Optional.empty();

        Progress(CampaignCase<O> row, List<double[]> earlier) {
            this.row = row;
            this.rounds = new ArrayList<>(earlier);
        }
    }

    private final Protocol protocol;
    private final Ceilings ceilings;
    private final Listener listener;
    private final Sampler sampler;
    private final List<? extends Progress<?>> rows;

    /// @param earlier samples that a row already has, of a run that is continued; empty for none
    public Campaign(
            Protocol protocol,
            List<CampaignCase<?>> rows,
            Ceilings ceilings,
            Function<CampaignCase<?>, List<double[]>> earlier,
            Listener listener) {
        this.protocol = protocol;
        this.ceilings = ceilings;
        this.listener = listener;
        this.sampler = new Sampler(protocol);
        this.rows = rows.stream().map(row -> new Progress<>(row, earlier.apply(row))).toList();
    }

    /// Runs what is not done yet.
    ///
    /// @return what became of each row, in the order given; rows that had all their samples before
    ///   are left out
    public List<CampaignResult> run() {
        var pending = rows.stream().filter(p -> p.rounds.size() < protocol.rounds()).toList();
        int done = 0;
        for (var progress : pending) {
            listener.verifying(progress.row, done++, pending.size());
            verify(progress);
        }
        for (int round = 0; round < protocol.rounds(); round++) measure(pending, round);
        var results = pending.stream().map(this::result).toList();
        // a share compares with the best ceiling, which the last round can still change
        results.forEach(listener::changed);
        return results;
    }

    private <O extends Op> void verify(Progress<O> progress) {
        var row = progress.row;
        row.tooLarge().ifPresent(reason -> fail(progress, reason));
        if (progress.end.isEmpty())
            attempt(
                    List.of(progress),
                    () -> {
                        var verdict =
                                Verifier.check(row.kernel(), row.workload(), row.site().device());
                        if (verdict instanceof Verified<O> verified)
                            progress.verified = Optional.of(verified);
                        else progress.end = Optional.of(new CampaignResult.Rejected(row, verdict));
                    });
        progress.end.ifPresent(listener::changed);
    }

    private void measure(List<? extends Progress<?>> pending, int round) {
        var todo =
                pending.stream().filter(p -> p.end.isEmpty() && p.rounds.size() == round).toList();
        if (todo.isEmpty()) return;
        listener.measuringCeilings(round);
        ceilings.measure(round);
        listener.measured(ceilings);
        int done = 0;
        for (var group : groups(round % 2 == 0 ? todo : todo.reversed())) {
            listener.measuring(group.getFirst().row, round, done, todo.size());
            done += group.size();
            sample(group);
        }
    }

    /// Rows that are measured in turn, in the order of the first of each.
    private static List<List<Progress<?>>> groups(List<? extends Progress<?>> rows) {
        var contests =
                rows.stream()
                        .filter(p -> p.row.kernel().peer())
                        .map(p -> contest(p.row))
                        .collect(Collectors.toSet());
        var groups = new LinkedHashMap<Object, List<Progress<?>>>();
        for (var progress : rows) {
            Object contest = contest(progress.row);
            var key = contests.contains(contest) ? contest : progress;
            groups.computeIfAbsent(key, _ -> new ArrayList<>()).add(progress);
        }
        return List.copyOf(groups.values());
    }

    private static Object contest(CampaignCase<?> row) {
        return List.of(row.workload(), row.site());
    }

    @SuppressWarnings("unchecked") // rows of a group have the same workload
    private <O extends Op> void sample(List<Progress<?>> group) {
        var verified = group.stream().map(p -> ((Progress<O>) p).verified.orElseThrow()).toList();
        attempt(
                group,
                () -> {
                    var samples = sampler.round(verified);
                    for (int i = 0; i < group.size(); i++) group.get(i).rounds.add(samples.get(i));
                });
        group.forEach(progress -> listener.changed(result(progress)));
    }

    private void attempt(List<? extends Progress<?>> progress, Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            progress.forEach(p -> fail(p, reason(e)));
        } catch (OutOfMemoryError e) {
            progress.forEach(p -> fail(p, "out of Java heap: " + e.getMessage()));
        }
    }

    private static void fail(Progress<?> progress, String reason) {
        progress.end =
                Optional.of(
                        new CampaignResult.Failed(
                                progress.row, reason, List.copyOf(progress.rounds)));
    }

    /// One sentence for a row that failed.
    static String reason(RuntimeException e) {
        return switch (e) {
            case OutOfDeviceMemory _, NoKernel _, DeviceFailure _ -> e.getMessage();
            default -> e.toString();
        };
    }

    private <O extends Op> CampaignResult result(Progress<O> progress) {
        if (progress.end.isPresent()) return progress.end.get();
        var row = progress.row;
        var cost = row.workload().planned().cost();
        boolean hot = hot(row);
        return new CampaignResult.Measured(
                row,
                progress.verified.orElseThrow().evidence(),
                new Measurement(progress.rounds),
                ceilings.share(row.site(), row.workload(), cost, hot, progress.rounds),
                hot ? "hot" : "cold");
    }

    /// Whether the operands of all copies stay in the last-level cache, asked for or not.
    private boolean hot(CampaignCase<?> row) {
        var device = row.site().device();
        long bytes = row.workload().bytes();
        return !protocol.cold()
                || Sampler.copies(row.workload(), device, true) * bytes <= device.lastLevelCache();
    }
}
