package dev.ridgeline.model;

import dev.ridgeline.model.Memory.Kind;
import dev.ridgeline.shard.Checkpoint;
import dev.ridgeline.shard.InvalidCheckpoint;
import dev.ridgeline.shard.SafetensorsWriter;
import dev.ridgeline.shard.SafetensorsWriter.Planned;
import dev.ridgeline.shard.StoredType;
import dev.ridgeline.shard.Widening;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Weights and moments of a model in safetensors files, under the names that other tools know.
public final class CheckpointWeights {
    /// Some files of GPT-2 have the names of its inner model.
    private static final String OUTER = "transformer.";

    /// In this order in the file.
    private static final List<Map.Entry<Kind, String>> MOMENTS =
            List.of(
                    Map.entry(Kind.FIRST_MOMENTS, "first_moment."),
                    Map.entry(Kind.SECOND_MOMENTS, "second_moment."));

    private CheckpointWeights() {}

    /// Replaces the weights of `step` with those of a checkpoint in any dtype.
    ///
    /// @throws InvalidCheckpoint if one is missing or has another shape; weights before it are then
    ///   replaced already
    public static void load(TrainingStep step, Checkpoint checkpoint, Path shown) {
        read(step, Kind.WEIGHTS, "", checkpoint, shown);
    }

    /// Replaces the moments with those that [#saveMoments] wrote.
    public static void loadMoments(TrainingStep step, Checkpoint checkpoint, Path shown) {
        MOMENTS.forEach(m -> read(step, m.getKey(), m.getValue(), checkpoint, shown));
    }

    private static void read(
            TrainingStep step, Kind kind, String prefix, Checkpoint checkpoint, Path shown) {
        // everything is found before anything is replaced
        step.graph().weights().parameters().all().forEach(p -> place(checkpoint, prefix, p, shown));
        step.transfer()
                .write(
                        kind,
                        (_, _, parameter, memory) ->
                                Widening.read(place(checkpoint, prefix, parameter, shown), memory));
    }

    private static Checkpoint.Place place(
            Checkpoint checkpoint, String prefix, Parameter parameter, Path shown) {
        var name = parameter.name();
        Optional<Checkpoint.Place> found = checkpoint.find(prefix + name);
        if (found.isEmpty() && name.startsWith(OUTER))
            found = checkpoint.find(prefix + name.substring(OUTER.length()));
        var place =
                found.orElseThrow(
                        () ->
                                new InvalidCheckpoint(
                                        "%s: has no tensor '%s'", shown, prefix + name));
        if (!place.tensor().shape().equals(shape(parameter)))
            throw new InvalidCheckpoint(
                    "%s: tensor '%s' is %s, this model's is %s",
                    shown, place.tensor().name(), place.tensor().shapeText(), parameter.shape());
        return place;
    }

    private static List<Long> shape(Parameter parameter) {
        return parameter.shape().dims().stream().map(Integer::longValue).toList();
    }

    /// Writes the f32 weights.
    ///
    /// @throws InvalidCheckpoint if the file cannot be written
    public static void save(TrainingStep step, Path file) {
        write(step, file, List.of(Map.entry(Kind.WEIGHTS, "")));
    }

    public static void saveMoments(TrainingStep step, Path file) {
        write(step, file, MOMENTS);
    }

    private static void write(TrainingStep step, Path file, List<Map.Entry<Kind, String>> kinds) {
        var planned = new ArrayList<Planned>();
        for (var kind : kinds)
            step.graph()
                    .weights()
                    .parameters()
                    .all()
                    .forEach(
                            p ->
                                    planned.add(
                                            new Planned(
                                                    kind.getValue() + p.name(),
                                                    StoredType.F32,
                                                    shape(p))));
        // the name by which public loaders know how the names were chosen
        try (var writer = new SafetensorsWriter(file, planned, Map.of("format", "pt"))) {
            for (var kind : kinds)
                step.transfer()
                        .read(
                                kind.getKey(),
                                (_, _, parameter, memory) ->
                                        writer.put(kind.getValue() + parameter.name(), memory));
            writer.finish();
        }
    }
}
