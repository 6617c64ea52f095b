package dev.ridgeline.cuda;

import static org.junit.jupiter.api.Assertions.fail;

import dev.ridgeline.measure.Refused;
import dev.ridgeline.measure.Verified;
import dev.ridgeline.measure.Verifier;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.Wrong;
import dev.ridgeline.measure.workload.GemmWorkloads;
import dev.ridgeline.measure.workload.Probes;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.tensor.DType;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Each tile of the pipelined product, which chooses small ones for all probes, on every probe and
/// on shapes of several tiles and more than one strip of them.
class GemmTileStandinTest extends OnStandin {
    private static final List<int[]> SHAPES =
            List.of(new int[] {392, 200, 520}, new int[] {1112, 40, 136});

    @ParameterizedTest
    @EnumSource(GemmTable.Tile.class)
    void every_tile_matches_the_reference(GemmTable.Tile tile) {
        var kernel = GemmTable.pipelined(Optional.of(tile)).on(device);
        Stream.concat(probes(), larger())
                .forEach(
                        workload -> {
                            switch (Verifier.check(kernel, workload, device)) {
                                case Verified<Gemm> _, Refused<Gemm> _ -> {}
                                case Wrong<Gemm> wrong ->
                                        fail(workload.name() + ": " + wrong.message());
                            }
                        });
    }

    @SuppressWarnings("unchecked") // by the type that was asked for
    private static Stream<Workload<Gemm>> probes() {
        return Probes.all().stream()
                .filter(w -> w.type() == Gemm.class && w.dtype() != DType.F32)
                .map(w -> (Workload<Gemm>) w);
    }

    private static Stream<Workload<Gemm>> larger() {
        return SHAPES.stream()
                .flatMap(
                        s ->
                                Stream.of(Gemm.Form.values())
                                        .map(
                                                form ->
                                                        GemmWorkloads.gemm(
                                                                form,
                                                                s[0],
                                                                s[1],
                                                                s[2],
                                                                DType.BF16,
                                                                5)));
    }
}
