package dev.ridgeline.cli;

import dev.ridgeline.measure.CampaignCase;
import dev.ridgeline.measure.Site;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.op.Op;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Which kernels are run on which workloads, decided before any memory is touched.
final class Plan {
    private final Optional<String> wanted;
    private final boolean ladder;
    private final boolean peers;
    private final List<CampaignCase<?>> rows = new ArrayList<>();
    private final List<String> refusals = new ArrayList<>();
    private final Set<String> absent = new LinkedHashSet<>();

    /// @param wanted part of the ids of the kernels to run
    /// @param ladder all kernels of an op, and not only the first that takes the workload
    /// @param peers other libraries' kernels too
    Plan(Optional<String> wanted, boolean ladder, boolean peers) {
        this.wanted = wanted;
        this.ladder = ladder;
        this.peers = peers;
    }

    /// @throws Fault if the shape is impossible
    <O extends Op> void add(Workload<O> workload, Site site) {
        var op = planned(workload);
        var known = site.device().kernels(workload.type());
        if (known.isEmpty()) absent.add(op.name());
        var kernels =
                known.stream()
                        .filter(
                                k ->
                                        wanted.map(part -> k.id().toString().contains(part))
                                                .orElse(!k.peer()))
                        .toList();
        var taking = kernels.stream().filter(k -> k.refusal(op).isEmpty()).toList();
        if (taking.isEmpty())
            kernels.forEach(k -> refusals.add(k.id() + ": " + k.refusal(op).orElseThrow()));
        boolean all = ladder || wanted.isPresent() || taking.isEmpty();
        (all ? kernels : taking.subList(0, 1))
                .forEach(kernel -> rows.add(new CampaignCase<>(workload, kernel, site)));
        if (peers) {
            var others =
                    known.stream().filter(k -> k.peer() && !(all && kernels.contains(k))).toList();
            var able = others.stream().filter(k -> k.refusal(op).isEmpty()).toList();
            // where none is able, their rows tell why
            (able.isEmpty() ? others : able)
                    .forEach(peer -> rows.add(new CampaignCase<>(workload, peer, site)));
        }
    }

    /// Ops that were asked for and that the device has no kernel of.
    Set<String> absent() {
        return Set.copyOf(absent);
    }

    private static <O extends Op> O planned(Workload<O> workload) {
        try {
            var op = workload.planned();
            workload.bytes();
            return op;
        } catch (ArithmeticException e) {
            throw Fault.usage("%s is larger than any memory", workload.name());
        } catch (IllegalArgumentException e) {
            throw Fault.usage("%s", e.getMessage());
        }
    }

    /// The rows, some of which can run.
    ///
    /// @throws Fault if none can, with the reason
    List<CampaignCase<?>> rows() {
        if (rows.isEmpty())
            throw wanted.isPresent()
                    ? Fault.usage("no kernel here has '%s' in its name", wanted.get())
                    : Fault.environment(
                            "this device has no kernel of %s", String.join(", ", absent));
        if (refusals.size() == rows.size()) throw Fault.usage("%s", refusals.getFirst());
        if (rows.stream().allMatch(row -> row.tooLarge().isPresent()))
            throw Fault.usage("%s", rows.getFirst().tooLarge().orElseThrow());
        return List.copyOf(rows);
    }
}
