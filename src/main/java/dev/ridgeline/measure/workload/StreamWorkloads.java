package dev.ridgeline.measure.workload;

import dev.ridgeline.measure.Workload;
import dev.ridgeline.op.Copy;
import dev.ridgeline.op.FmaLoop;
import dev.ridgeline.op.MmaLoop;
import dev.ridgeline.op.Scale;
import dev.ridgeline.op.Triad;
import dev.ridgeline.tensor.DType;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The ceilings: STREAM's loops on n floats, and multiply-adds in registers.
public final class StreamWorkloads {
    /// Lanes of [#fmaLoop] that fill a core: several tasks for any number and width of registers.
    public static final int LANES_PER_CORE = 384 * 8;

    /// The same for a GPU's multiprocessor: 2048 threads are the most that one holds, and an
    /// instruction-level parallelism of 8 hides the latency of the multiply-add many times over.
    public static final int LANES_PER_MULTIPROCESSOR = 2048 * 16;

    /// Sums of [#mmaLoop] that fill a multiprocessor: 16 warps with eight tiles of 128 each, four
    /// times over.
    public static final int SUMS_PER_MULTIPROCESSOR = 16 * 8 * 128 * 4;

    /// Of [#mmaLoop]; F32 is tf32.
    public static final List<DType> FACTORS =
            List.of(DType.BF16, DType.F16, DType.F32, DType.F8_E4M3);

    private static final float FACTOR = 3;

    private static final int[] PROBES = {1, 7, 8, 15, 16, 31, 32, 33, 4097, 65_537, 1_100_003};

    private StreamWorkloads() {}

    public static Workload<Copy> copy(int n, long seed) {
        return new Workload<>(
                Copy.class,
                "",
                Map.of("n", n),
                DType.F32,
                seed,
                o -> new Copy(o.uniform(DType.F32, n), o.output(DType.F32, n)));
    }

    public static Workload<Scale> scale(int n, long seed) {
        return new Workload<>(
                Scale.class,
                "",
                Map.of("n", n),
                DType.F32,
                seed,
                o -> new Scale(o.uniform(DType.F32, n), o.output(DType.F32, n), FACTOR));
    }

    public static Workload<Triad> triad(int n, long seed) {
        return new Workload<>(
                Triad.class,
                "",
                Map.of("n", n),
                DType.F32,
                seed,
                o ->
                        new Triad(
                                o.uniform(DType.F32, n),
                                o.uniform(DType.F32, n),
                                o.output(DType.F32, n),
                                FACTOR));
    }

    /// @param lanes usually a multiple of `LANES_PER_CORE`
    public static Workload<FmaLoop> fmaLoop(int lanes, int iterations, long seed) {
        Map<String, Integer> extents = new LinkedHashMap<>();
        extents.put("lanes", lanes);
        extents.put("iterations", iterations);
        return new Workload<>(
                FmaLoop.class,
                "",
                Collections.unmodifiableMap(extents),
                DType.F32,
                seed,
                o -> new FmaLoop(o.output(DType.F32, lanes), iterations));
    }

    /// @param sums usually a multiple of `SUMS_PER_MULTIPROCESSOR`
    /// @param factors BF16, F16, F8_E4M3, or F32 for tf32
    public static Workload<MmaLoop> mmaLoop(int sums, int iterations, DType factors, long seed) {
        Map<String, Integer> extents = new LinkedHashMap<>();
        extents.put("sums", sums);
        extents.put("iterations", iterations);
        return new Workload<>(
                MmaLoop.class,
                "",
                Collections.unmodifiableMap(extents),
                factors,
                seed,
                o -> new MmaLoop(o.output(DType.F32, sums), factors, iterations));
    }

    static List<Workload<?>> probes() {
        var probes = new ArrayList<Workload<?>>();
        for (int n : PROBES) {
            probes.add(copy(n, 1));
            probes.add(scale(n, 1));
            probes.add(triad(n, 1));
        }
        for (int lanes : new int[] {1, 47, 48, 95, 96, 97, 193, LANES_PER_CORE})
            for (int iterations : new int[] {1, 2, 1001}) probes.add(fmaLoop(lanes, iterations, 1));
        for (int sums : new int[] {1, 127, 128, 129, 1024, 4099})
            for (int iterations : new int[] {1, 2, 257})
                for (var factors : FACTORS) probes.add(mmaLoop(sums, iterations, factors, 1));
        return probes;
    }
}
