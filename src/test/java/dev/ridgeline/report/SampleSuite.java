package dev.ridgeline.report;

import dev.ridgeline.measure.Protocol;
import dev.ridgeline.report.Row.Status;
import dev.ridgeline.report.SampleRows.Work;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A run of about 45 rows with invented numbers, for tests and for looking at the page. Nothing
/// here was measured, and every text says so.
final class SampleSuite {
    private static final Protocol PROTOCOL = new Protocol(0.3, 0.02, 2.5, 5, true, 1);

    private final SampleRows rows;
    private final double speed;

    private SampleSuite(long seed, double speed) {
        rows = new SampleRows(PROTOCOL, seed);
        this.speed = speed;
    }

    /// @param seed of the noise
    /// @param speed of GEMM and attention, 1 being a plausible one
    static ResultFile of(long seed, double speed) {
        return new SampleSuite(seed, speed).file();
    }

    private ResultFile file() {
        gemms();
        attentions();
        streaming();
        return new ResultFile(
                ResultFile.SCHEMA,
                "2026-01-01T12:00:00Z",
                List.of("bench", "--threads", "2", "--json", "sample.json"),
                new ResultFile.Build("0.1.0", "0123456789abcdef0123456789abcdef01234567", true),
                host(),
                List.of(device(1), device(2)),
                PROTOCOL,
                List.of(
                        rows.ceiling(true, 1),
                        rows.ceiling(false, 1),
                        rows.ceiling(true, 2),
                        rows.ceiling(false, 2)),
                rows.all(),
                true);
    }

    private static ResultFile.DeviceRecord device(int threads) {
        return new ResultFile.DeviceRecord(
                "cpu",
                "Sample CPU with invented numbers",
                threads,
                25_000_000_000L,
                Optional.of(256));
    }

    private static Map<String, Object> host() {
        var host = new LinkedHashMap<String, Object>();
        host.put("note", "sample data for tests: not measured on any machine");
        host.put("os", "Sample Linux 1");
        host.put("processor.model", "Sample CPU with invented numbers");
        host.put("processor.logicalCores", 2);
        host.put("processor.features", "avx avx2 fma");
        host.put("memory.bytes", 25_000_000_000L);
        host.put("jvm.collector", "G1");
        host.put("loadAverage", 0.01);
        return host;
    }

    private void gemms() {
        int[][] shapes = {
            {512, 512, 512},
            {1024, 1024, 1024},
            {2048, 2048, 2048},
            {256, 768, 2304},
            {256, 768, 3072},
            {256, 3072, 768},
            {256, 768, 50257}
        };
        double[] shares = {.94, .90, .89, .91, .90, .88, .86};
        for (int threads = 1; threads <= 2; threads++)
            for (int i = 0; i < shapes.length; i++)
                gemm("nt", "f32", "cpu_packed", threads, shapes[i], shares[i]);
        gemm("nn", "f32", "cpu_packed", 2, shapes[3], .87);
        gemm("nn", "f32", "cpu_packed", 2, shapes[5], .85);
        gemm("tn", "f32", "cpu_packed", 2, shapes[3], .84);
        gemm("tn", "f32", "cpu_packed", 2, shapes[5], .83);
        gemm("nt", "f32", "cpu_prepacked", 2, shapes[3], .95);
        gemm("nt", "bf16", "cpu_packed", 2, shapes[3], .82);
        gemm("nt", "f32", "cpu_scalar", 2, shapes[0], .012);
        rows.unmeasured("nt", "bf16", "cpu_prepacked", Status.REFUSED, "takes f32 only, not bf16");
        rows.unmeasured(
                "nn",
                "bf16",
                "cpu_packed",
                Status.WRONG,
                "gemm/cpu_packed is wrong: output 0, element 17 is 0.25, the f64 reference says"
                        + " 0.5 (1 of 262144 elements are off)");
    }

    private void gemm(String variant, String dtype, String idea, int threads, int[] s, double of) {
        double flops = 2.0 * s[0] * s[1] * s[2];
        double width = dtype.equals("f32") ? 4 : 2;
        double bytes = width * ((double) s[0] * s[1] + (double) s[1] * s[2] + (double) s[0] * s[2]);
        rows.measured(
                new Work(
                        "gemm",
                        variant,
                        Samples.shape("m", s[0], "n", s[2], "k", s[1]),
                        dtype,
                        idea),
                threads,
                flops,
                bytes,
                "2mnk",
                true,
                of * speed);
    }

    private void attentions() {
        int[][] shapes = {{4, 12, 256, 64}, {1, 12, 1024, 64}, {1, 8, 4096, 128}};
        double[] forward = {.52, .58, .61};
        double[] backward = {.41, .44, .49};
        for (int i = 0; i < shapes.length; i++) {
            int[] s = shapes[i];
            var shape = Samples.shape("b", s[0], "h", s[1], "t", s[2], "d", s[3]);
            double flops = 2.0 * s[0] * s[1] * s[2] * s[2] * s[3];
            double bytes = 16.0 * s[0] * s[1] * s[2] * s[3];
            rows.measured(
                    new Work("attention", "causal", shape, "f32", "cpu_online"),
                    2,
                    flops,
                    bytes,
                    "4bht²d / 2",
                    true,
                    forward[i]);
            rows.measured(
                    new Work("attention_backward", "causal", shape, "f32", "cpu_online"),
                    2,
                    2.5 * flops,
                    2.5 * bytes,
                    "10bht²d / 2",
                    true,
                    backward[i]);
        }
    }

    private void streaming() {
        var hidden = Samples.shape("rows", 4096, "cols", 4096);
        double n = 4096.0 * 4096;
        stream("rms_norm", "", hidden, 4 * n, 8 * n, .95);
        stream("rms_norm_backward", "", hidden, 10 * n, 12 * n, .91);
        stream("layer_norm", "", hidden, 8 * n, 8 * n, .93);
        stream("layer_norm_backward", "", hidden, 16 * n, 12 * n, .88);
        stream("softmax", "", hidden, 5 * n, 8 * n, .90);
        var logits = Samples.shape("rows", 1024, "vocab", 50257);
        stream("cross_entropy", "", logits, 7.0 * 1024 * 50257, 8.0 * 1024 * 50257, .86);
        stream("swi_glu", "", hidden, 5 * n, 12 * n, .94);
        stream("gelu", "", hidden, 9 * n, 8 * n, .92);
        stream("add", "", hidden, n, 12 * n, .99);
        stream("rope", "", Samples.shape("b", 4, "h", 12, "t", 4096, "d", 64), 3 * n, 8 * n, .83);
        stream("adam_w", "", Samples.shape("n", 16777216), 14 * n, 28 * n, .96);
        stream("copy", "", Samples.shape("n", 67108864), 0, 32 * n, .97);
        stream("scale", "", Samples.shape("n", 67108864), 4 * n, 32 * n, .98);
        stream("triad", "", Samples.shape("n", 67108864), 8 * n, 48 * n, 1.0);
    }

    private void stream(
            String op,
            String variant,
            Map<String, Integer> shape,
            double flops,
            double bytes,
            double share) {
        for (var dtype : List.of("f32", "bf16")) {
            if (dtype.equals("bf16") && !op.startsWith("rms")) continue;
            rows.measured(
                    new Work(op, variant, shape, dtype, "cpu_vector"),
                    2,
                    flops,
                    dtype.equals("f32") ? bytes : bytes / 2,
                    "per element",
                    false,
                    share);
        }
    }
}
