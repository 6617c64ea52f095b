package dev.ridgeline.load;

import dev.ridgeline.placement.Placement;
import dev.ridgeline.placement.Runs;
import dev.ridgeline.shard.Checkpoint;
import dev.ridgeline.shard.InvalidCheckpoint;
import dev.ridgeline.shard.SafetensorsFile;
import dev.ridgeline.shard.StoredTensor;
import dev.ridgeline.shard.StoredType;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// What a device reads of a checkpoint, and where each byte of it goes.
///
/// @param bytes of device memory
public record LoadPlan(List<SafetensorsFile> files, List<Extent> extents, long bytes) {
    /// A multiple of the blocks of direct reads. A file's bytes have the same distance from such a
    /// multiple on the device as in the file, so that whole blocks may be read in place.
    static final long BLOCK = 1 << 16;

    /// At which a cast tensor begins, in bytes.
    private static final long ALIGNMENT = 64;

    /// Every tensor, file by file as they lie there.
    ///
    /// @param cast what floating-point tensors become
    public static LoadPlan whole(Checkpoint checkpoint, Optional<StoredType> cast) {
        var files = checkpoint.files();
        var extents = new ArrayList<Extent>();
        long at = 0;
        for (int i = 0; i < files.size(); i++) {
            var tensors = files.get(i).header().tensors().values().stream().toList();
            if (tensors.isEmpty()) continue;
            long begin = tensors.getFirst().offset();
            at = Math.ceilDiv(at, BLOCK) * BLOCK + begin % BLOCK;
            for (var tensor : tensors) {
                var target = target(tensor.type(), cast);
                boolean straight = target == tensor.type();
                boolean follows =
                        straight
                                && tensor.offset() > begin
                                && !extents.getLast().cast()
                                && extents.getLast().type() == tensor.type();
                if (!straight) at = Math.ceilDiv(at, ALIGNMENT) * ALIGNMENT;
                var extent = extent(i, tensor, target, at);
                if (follows) extents.set(extents.size() - 1, joined(extents.getLast(), extent));
                else extents.add(extent);
                at += extent.landing();
            }
        }
        return new LoadPlan(files, List.copyOf(extents), at);
    }

    private static StoredType target(StoredType type, Optional<StoredType> cast) {
        return cast.filter(to -> Cast.knows(type, to)).orElse(type);
    }

    private static Extent extent(int file, StoredTensor tensor, StoredType target, long at) {
        return new Extent(
                file,
                List.of(new Runs(tensor.offset(), tensor.bytes(), tensor.bytes(), 1)),
                tensor.type(),
                target,
                at);
    }

    private static Extent joined(Extent first, Extent next) {
        long from = first.runs().getFirst().from();
        long bytes = first.bytes() + next.bytes();
        return new Extent(
                first.file(),
                List.of(new Runs(from, bytes, bytes, 1)),
                first.type(),
                first.target(),
                first.at());
    }

    /// What one rank of a placement has, and nothing else.
    ///
    /// @throws InvalidCheckpoint if a tensor is missing, or is not what the model has
    public static LoadPlan of(Checkpoint checkpoint, Placement placement, int rank) {
        var files = checkpoint.files();
        int size = placement.config().stored().bytes();
        var extents = new ArrayList<Extent>();
        for (var piece : placement.pieces(rank)) {
            var place =
                    checkpoint
                            .find(piece.tensor())
                            .orElseThrow(
                                    () ->
                                            new InvalidCheckpoint(
                                                    "%s: has no tensor '%s'",
                                                    files.getFirst().path(), piece.tensor()));
            var tensor = place.tensor();
            var runs = piece.runs();
            if (tensor.type().bits() != 8 * size || runs.end() > tensor.count())
                throw new InvalidCheckpoint(
                        "%s: tensor '%s' is %s %s, which is not what the model has",
                        place.file().path(), tensor.name(), tensor.type(), tensor.shapeText());
            var bytes =
                    new Runs(
                            tensor.offset() + runs.from() * size,
                            runs.length() * size,
                            runs.stride() * size,
                            runs.count());
            extents.add(
                    new Extent(
                            files.indexOf(place.file()),
                            List.of(bytes),
                            tensor.type(),
                            tensor.type(),
                            piece.at() * size));
        }
        // disks like to be read forward
        extents.sort(
                Comparator.comparingInt(Extent::file)
                        .thenComparingLong(e -> e.runs().getFirst().from()));
        return new LoadPlan(files, List.copyOf(extents), placement.kept(rank) * size);
    }

    /// An equal share of the device's memory, in whole blocks; the shares of all ranks are all.
    public LoadPlan share(int rank, int ranks) {
        long from = boundary(rank, ranks);
        long to = boundary(rank + 1, ranks);
        var mine = new ArrayList<Extent>();
        for (var extent : extents) {
            long begin = Math.max(from - extent.at(), 0);
            long end = Math.min(to - extent.at(), extent.landing());
            if (begin < end) mine.add(extent.cut(source(extent, begin), source(extent, end)));
        }
        return new LoadPlan(files, List.copyOf(mine), bytes);
    }

    private static long source(Extent extent, long landing) {
        return extent.cast()
                ? landing / (extent.target().bits() / 8) * (extent.type().bits() / 8)
                : landing;
    }

    /// Where a rank's share of the device's memory begins.
    public long boundary(int rank, int ranks) {
        return rank == ranks ? bytes : bytes / BLOCK * rank / ranks * BLOCK;
    }

    /// Bytes that are read of the files.
    public long fileBytes() {
        return extents.stream().mapToLong(Extent::bytes).sum();
    }

    /// Bytes that a block of any extent has at most after its cast; none where nothing is cast.
    long castBytes(long blockBytes) {
        return extents.stream()
                .filter(Extent::cast)
                .mapToLong(e -> e.landing(blockBytes))
                .max()
                .orElse(0);
    }

    public boolean casts() {
        return extents.stream().anyMatch(Extent::cast);
    }
}
