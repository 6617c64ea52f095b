package dev.ridgeline.cli;

import dev.ridgeline.model.InvalidModel;
import dev.ridgeline.placement.Demand;
import dev.ridgeline.placement.IndexMatch;
import dev.ridgeline.placement.Need;
import dev.ridgeline.placement.Part;
import dev.ridgeline.placement.Placement;
import dev.ridgeline.placement.StepFloor;
import dev.ridgeline.placement.Streaming;
import dev.ridgeline.report.Si;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/// A placement, for people.
final class PlanText {
    private final StringBuilder text = new StringBuilder();
    private final String model;
    private final Placement placement;
    private final Part part;
    private final ByteSize reserve;
    private final int batch;
    private final int sequence;
    private final long usable;

    PlanText(
            String model,
            Placement placement,
            Part part,
            ByteSize reserve,
            int batch,
            int sequence) {
        this.model = model;
        this.placement = placement;
        this.part = part;
        this.reserve = reserve;
        this.batch = batch;
        this.sequence = sequence;
        usable = usable(part);
    }

    private long usable(Part of) {
        return of.capacity() - reserve.of(of.capacity());
    }

    String of(Optional<IndexMatch> match) {
        heading(match);
        shares();
        replicated();
        int training = Demand.largest(placement, true);
        demand("training", Demand.training(placement, training));
        demand("weights alone", Demand.inference(placement, Demand.largest(placement, false)));
        needed();
        fit(training);
        return text.toString();
    }

    private void heading(Optional<IndexMatch> match) {
        var parameters = placement.parameters();
        line(
                "%s, %,d parameters, %,d of them met by a token; %,d bytes as stored (%s)",
                model,
                parameters.count(),
                parameters.active(),
                parameters.storedBytes(),
                placement.config().stored().name().toLowerCase(Locale.ROOT));
        match.ifPresent(
                m ->
                        line(
                                "the index has the same %,d tensors in %,d files%s; rank 0 reads"
                                        + " %,d of them",
                                m.index().shards().size(),
                                m.fileBytes().size(),
                                m.index().totalSize().isPresent() ? " and the same bytes" : "",
                                m.files(placement.pieces(0))));
        var layout = placement.layout();
        line(
                "%s, %s: %s, %s of whole layers, %s, ZeRO-%d",
                Si.count(layout.devices(), "device"),
                part.name(),
                Si.count(layout.tensor(), "tensor rank"),
                Si.count(layout.stages(), "stage"),
                layout.data() == 1 ? "1 copy" : layout.data() + " copies",
                layout.zero());
    }

    private void shares() {
        line("%n%-34s %22s %22s", "bytes of the checkpoint on a device", "least", "most");
        int bytes = placement.config().stored().bytes();
        var kept = Arrays.stream(placement.distinct()).mapToLong(placement::kept);
        var sums = kept.summaryStatistics();
        line("%-34s %,22d %,22d", "", sums.getMin() * bytes, sums.getMax() * bytes);
        if (placement.layout().stages() > 1)
            for (int stage = 0; stage < placement.layout().stages(); stage++) {
                var groups = placement.groups(stage);
                line("  stage %d: %s to %s", stage, groups.getFirst(), groups.getLast());
            }
    }

    private void replicated() {
        int bytes = placement.config().stored().bytes();
        placement
                .replicated()
                .forEach(
                        (role, elements) ->
                                line(
                                        "  on %d ranks the same: %s, %,d bytes",
                                        placement.copies(role),
                                        role.name().toLowerCase(Locale.ROOT).replace('_', ' '),
                                        elements * bytes));
        if (placement.tiedCopy() > 0)
            line(
                    "  on the first and the last stage: the tied table, %,d bytes",
                    placement.tiedCopy() * bytes);
        var layout = placement.layout();
        if (layout.data() > 1 && layout.zero() < 3)
            line("  on all %d copies: the weights", layout.data());
    }

    private void demand(String what, Demand demand) {
        line("%n%s, the device that needs most", what);
        part("weights", demand.weights());
        part("gradients", demand.gradients());
        part("optimizer", demand.optimizer());
        part("gathered: one group of layers in use, one arriving", demand.gathered());
        part("total, without activations", demand.total());
    }

    private void part(String what, long bytes) {
        if (bytes > 0) line("  %-52s %,20d  %10s", what, bytes, Si.binaryBytes(bytes));
    }

    private void needed() {
        line(
                "%ndevices needed, %s of each kept free        training   weights alone",
                reserve.share()
                        ? "%.0f %%".formatted(reserve.value())
                        : Si.binaryBytes((long) reserve.value()));
        for (var each : Part.usual())
            line(
                    "  %-32s %10s %10s %15s",
                    each.name(),
                    Si.binaryBytes(each.capacity()),
                    count(Need.devices(placement, usable(each), true)),
                    count(Need.devices(placement, usable(each), false)));
    }

    private static String count(OptionalInt devices) {
        return devices.isEmpty() ? "none fits" : "%,d".formatted(devices.getAsInt());
    }

    private void fit(int rank) {
        try {
            var streaming = Streaming.of(placement, rank, usable);
            line(
                    "%n%s of %s may be used: %s",
                    Si.binaryBytes(usable),
                    Si.binaryBytes(part.capacity()),
                    streaming.total() == 0 ? "everything fits" : "not everything fits");
            streamed(streaming);
            floor(StepFloor.of(placement, part, batch, sequence, usable));
        } catch (InvalidModel e) {
            line("%nno step runs: %s", e.getMessage());
        }
    }

    private void streamed(Streaming streaming) {
        if (streaming.total() == 0) return;
        part("optimizer state that waits on the host", streaming.optimizer());
        part("gradients", streaming.gradients());
        part("weights", streaming.weights());
        part("to the device in a step", streaming.in());
        part("from the device in a step", streaming.out());
    }

    private void floor(StepFloor floor) {
        line(
                "%na step of %,d x %,d tokens takes at least, all at once and at the catalog's"
                        + " peaks",
                batch, sequence);
        for (var term : floor.terms()) {
            line(
                    "  %-32s %12s = %s / %s%s",
                    term.name(),
                    Si.seconds(term.seconds()),
                    Si.scaled(term.work(), 4, term.unit().replace("/s", "")),
                    Si.rate(term.rate(), term.unit()),
                    floor.binding().filter(b -> b.equals(term)).isPresent() ? "   <- binds" : "");
            line("  %-32s   %s", "", term.formula());
        }
    }

    private void line(String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values).stripTrailing()).append('\n');
    }
}
