package dev.ridgeline.bench.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;

import dev.ridgeline.bench.Problems;
import dev.ridgeline.cpu.CpuDevice;
import dev.ridgeline.device.Device;
import dev.ridgeline.measure.Refused;
import dev.ridgeline.measure.Verified;
import dev.ridgeline.measure.Verifier;
import dev.ridgeline.measure.Workload;
import dev.ridgeline.measure.Wrong;
import dev.ridgeline.op.Op;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.util.Map;
import java.util.stream.Stream;

/// Every peer computes what our kernels compute: a comparison of times is worth nothing else. And,
/// as three independent libraries, they are one more judge of the references.
class PeersTest {
    private static final Device CPU = new CpuDevice("cpu", 1, 1L << 30);

    private static final Map<String, String> PROBLEMS =
            Map.ofEntries(
                    Map.entry("gemm_nt", "37x65x50"),
                    Map.entry("gemm_nn", "37x65x50"),
                    Map.entry("gemm_tn", "37x65x50"),
                    Map.entry("attention", "2x3x33x64"),
                    Map.entry("attention_backward", "2x3x33x64"),
                    Map.entry("rms_norm", "9x100"),
                    Map.entry("layer_norm", "9x100"),
                    Map.entry("layer_norm_backward", "9x100"),
                    Map.entry("softmax", "9x131"),
                    Map.entry("softmax_backward", "9x131"),
                    Map.entry("cross_entropy", "9x131"),
                    Map.entry("adam_w", "1001"));

    @AfterAll
    static void close() {
        CPU.close();
    }

    @TestFactory
    Stream<DynamicTest> peers_compute_the_same() {
        return PROBLEMS.entrySet().stream()
                .flatMap(p -> cases(p.getKey(), Problems.of(p.getKey(), p.getValue())));
    }

    private static <O extends Op> Stream<DynamicTest> cases(String op, Workload<O> workload) {
        var peers = Peers.kernels(workload.type(), 1);
        assertThat(peers).as("peers of " + op).isNotEmpty();
        return peers.stream()
                .map(
                        peer ->
                                DynamicTest.dynamicTest(
                                        peer.id() + " on " + workload.name(),
                                        () -> {
                                            switch (Verifier.check(peer, workload, CPU)) {
                                                case Verified<O> _ -> {}
                                                case Refused<O>(var _, var reason) -> fail(reason);
                                                case Wrong<O> wrong -> fail(wrong.message());
                                            }
                                        }));
    }
}
