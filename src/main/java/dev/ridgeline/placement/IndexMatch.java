package dev.ridgeline.placement;

import dev.ridgeline.model.Parameter;
import dev.ridgeline.model.Parameters;
import dev.ridgeline.shard.InvalidCheckpoint;
import dev.ridgeline.shard.ShardIndex;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// A model beside the index of its checkpoint: they name the same tensors, and the sizes that
/// follow from the model add up to what the index says. The files themselves are not needed.
///
/// @param fileBytes of the tensors in each file, as they follow from the model
public record IndexMatch(ShardIndex index, Map<String, Long> fileBytes) {
    /// Names in a message, at most.
    private static final int SHOWN = 3;

    /// @throws InvalidCheckpoint if they do not fit together
    public static IndexMatch of(Parameters parameters, int elementBytes, ShardIndex index) {
        var sizes =
                parameters
                        .all()
                        .collect(Collectors.toMap(Parameter::name, p -> p.count() * elementBytes));
        var missing = new TreeSet<>(sizes.keySet());
        missing.removeAll(index.shards().keySet());
        var unknown = new TreeSet<>(index.shards().keySet());
        unknown.removeAll(sizes.keySet());
        if (!missing.isEmpty())
            throw new InvalidCheckpoint(
                    "%s: has not %s, which the model has", index.path(), some(missing));
        if (!unknown.isEmpty())
            throw new InvalidCheckpoint(
                    "%s: has %s, which the model has not", index.path(), some(unknown));
        long bytes = sizes.values().stream().mapToLong(b -> b).sum();
        index.totalSize()
                .ifPresent(
                        total -> {
                            if (total != bytes)
                                throw new InvalidCheckpoint(
                                        "%s: says that its tensors have %,d bytes, by the model"
                                                + " they have %,d",
                                        index.path(), total, bytes);
                        });
        var files = new LinkedHashMap<String, Long>();
        index.shards().forEach((name, file) -> files.merge(file, sizes.get(name), Long::sum));
        return new IndexMatch(index, Collections.unmodifiableMap(files));
    }

    private static String some(TreeSet<String> names) {
        var first = names.stream().limit(SHOWN).map("'%s'"::formatted).toList();
        return String.join(", ", first)
                + (names.size() > SHOWN ? " and %d more".formatted(names.size() - SHOWN) : "");
    }

    /// Files that have something of these pieces.
    public long files(List<Piece> pieces) {
        return pieces.stream().map(p -> index.shards().get(p.tensor())).distinct().count();
    }
}
