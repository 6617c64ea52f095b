package dev.ridgeline.measure.workload;

import dev.ridgeline.measure.Operands;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.op.Embedding;
import dev.ridgeline.op.EmbeddingBackward;
import dev.ridgeline.op.Rope;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Rotary embeddings and lookups of rows.
public final class PositionWorkloads {
    private static final double ROPE_BASE = 10_000;
    private static final String IN_PLACE = "in_place";
    private static final String PROJECTION = "projection";
    private static final String INVERSE = "inverse";
    private static final String LATE = "late";
    private static final String POSITIONS = "positions";

    /// Tokens that far out of range on both sides are in the probes.
    private static final int STRAYS = 3;

    private PositionWorkloads() {}

    /// Turns (batch, heads, seq, headDim) at positions from 0 on, by the frequencies of the paper.
    public static Workload<Rope> rope(
            int batch, int heads, int seq, int headDim, boolean inverse, DType dtype, long seed) {
        return rope(inverse ? INVERSE : "", batch, heads, seq, headDim, dtype, seed);
    }

    /// Token embeddings alone, as of models with rotary positions.
    public static Workload<Embedding> embedding(
            int rows, int vocab, int cols, DType dtype, long seed) {
        return embedding("", rows, 0, vocab, cols, 0, dtype, seed);
    }

    /// With learned positions, as in GPT-2; batch · seq rows.
    public static Workload<Embedding> embedding(
            int batch, int seq, int vocab, int cols, DType dtype, long seed) {
        return embedding(POSITIONS, batch * seq, seq, vocab, cols, 0, dtype, seed);
    }

    public static Workload<EmbeddingBackward> embeddingBackward(
            int rows, int vocab, int cols, DType dtype, long seed) {
        return embeddingBackward("", rows, 0, vocab, cols, 0, dtype, seed);
    }

    public static Workload<EmbeddingBackward> embeddingBackward(
            int batch, int seq, int vocab, int cols, DType dtype, long seed) {
        return embeddingBackward(POSITIONS, batch * seq, seq, vocab, cols, 0, dtype, seed);
    }

    static List<Workload<?>> probes() {
        var probes = new ArrayList<Workload<?>>();
        for (var dtype : List.of(DType.F32, DType.BF16)) {
            for (int headDim : new int[] {2, 6, 8, 16, 30, 34, 64, 72, 128})
                probes.add(rope("", 2, 3, 5, headDim, dtype, 1));
            for (var variant : List.of(IN_PLACE, PROJECTION, INVERSE, LATE)) {
                probes.add(rope(variant, 1, 1, 1, 8, dtype, 1));
                probes.add(rope(variant, 2, 3, 131, 40, dtype, 1));
                probes.add(rope(variant, 3, 12, 67, 64, dtype, 1));
            }
            for (int cols : new int[] {1, 7, 8, 31, 64, 257, 768}) {
                for (int rows : new int[] {1, 6, 101}) {
                    for (int seq : new int[] {0, 6}) {
                        var variant = seq == 0 ? "" : POSITIONS;
                        probes.add(embedding(variant, rows, seq, 17, cols, STRAYS, dtype, 1));
                        probes.add(
                                embeddingBackward(variant, rows, seq, 17, cols, STRAYS, dtype, 1));
                    }
                }
            }
            probes.add(embedding(4, 300, 5000, 96, dtype, 1));
            probes.add(embeddingBackward(4, 300, 5000, 96, dtype, 1));
        }
        return probes;
    }

    private static Workload<Rope> rope(
            String variant, int batch, int heads, int seq, int headDim, DType dtype, long seed) {
        Map<String, Integer> extents = new LinkedHashMap<>();
        extents.put("batch", batch);
        extents.put("heads", heads);
        extents.put("seq", seq);
        extents.put("head_dim", headDim);
        return new Workload<>(
                Rope.class,
                variant,
                Collections.unmodifiableMap(extents),
                dtype,
                seed,
                o -> {
                    boolean projection = variant.equals(PROJECTION);
                    var x =
                            projection
                                    ? o.uniform(dtype, batch, seq, 3 * heads, headDim)
                                            .slice(2, heads, 2 * heads)
                                            .swap(1, 2)
                                    : o.uniform(dtype, batch, heads, seq, headDim);
                    var frequencies = o.values(frequencies(headDim / 2));
                    var y =
                            projection
                                    ? o.output(dtype, batch, seq, heads, headDim).swap(1, 2)
                                    : variant.equals(IN_PLACE)
                                            ? x
                                            : o.output(dtype, batch, heads, seq, headDim);
                    int first = variant.equals(LATE) ? 100_003 : 0;
                    return new Rope(x, frequencies, y, first, variant.equals(INVERSE));
                });
    }

    private static float[] frequencies(int half) {
        float[] frequencies = new float[half];
        for (int i = 0; i < half; i++)
            frequencies[i] = (float) Math.pow(ROPE_BASE, -(double) i / half);
        return frequencies;
    }

    private static Workload<Embedding> embedding(
            String variant,
            int rows,
            int seq,
            int vocab,
            int cols,
            int strays,
            DType dtype,
            long seed) {
        return new Workload<>(
                Embedding.class,
                variant,
                extents(rows, vocab, cols),
                dtype,
                seed,
                o ->
                        new Embedding(
                                o.integers(-strays, vocab + strays, rows),
                                o.uniform(dtype, vocab, cols),
                                positions(o, seq, cols, dtype),
                                o.output(dtype, rows, cols)));
    }

    private static Workload<EmbeddingBackward> embeddingBackward(
            String variant,
            int rows,
            int seq,
            int vocab,
            int cols,
            int strays,
            DType dtype,
            long seed) {
        return new Workload<>(
                EmbeddingBackward.class,
                variant,
                extents(rows, vocab, cols),
                dtype,
                seed,
                o ->
                        new EmbeddingBackward(
                                o.integers(-strays, vocab + strays, rows),
                                o.uniform(dtype, rows, cols),
                                o.uniform(DType.F32, vocab, cols),
                                positions(o, seq, cols, DType.F32)));
    }

    private static Optional<Tensor> positions(Operands o, int seq, int cols, DType dtype) {
        return seq == 0 ? Optional.empty() : Optional.of(o.uniform(dtype, seq, cols));
    }

    private static Map<String, Integer> extents(int rows, int vocab, int cols) {
        Map<String, Integer> extents = new LinkedHashMap<>();
        extents.put("rows", rows);
        extents.put("vocab", vocab);
        extents.put("cols", cols);
        return Collections.unmodifiableMap(extents);
    }
}
