package dev.ridgeline.measure.workload;

import dev.ridgeline.measure.Workload;
import dev.ridgeline.op.Gemm.Form;
import dev.ridgeline.tensor.DType;

import java.util.ArrayList;
import java.util.List;

/// The problems that are measured when nobody names any: shapes that training small decoders is
/// made of.
public final class Suites {
    private static final int VOCABULARY = 50257;
    private static final int HEAD = 64;

    /// A product: rows of the result, depth, columns.
    public record Product(int m, int k, int n) {}

    /// Self-attention.
    public record Heads(int batch, int heads, int keyHeads, int seq, int headDim) {}

    /// A matrix whose rows are treated alike.
    public record Rows(int rows, int cols) {}

    /// Squares, and the layers of GPT-2 124M on 256 tokens: projections, feed-forward, logits.
    public static final List<Product> PRODUCTS =
            List.of(
                    new Product(512, 512, 512),
                    new Product(1024, 1024, 1024),
                    new Product(2048, 2048, 2048),
                    new Product(4096, 4096, 4096),
                    new Product(256, 768, 2304),
                    new Product(256, 768, 3072),
                    new Product(256, 3072, 768),
                    new Product(256, 768, 50257));

    public static final List<Heads> ATTENTIONS =
            List.of(
                    new Heads(4, 12, 12, 256, 64),
                    new Heads(1, 12, 12, 1024, 64),
                    new Heads(1, 8, 8, 4096, 128));

    /// Activations past the caches.
    public static final Rows ACTIVATIONS = new Rows(8192, 768);

    public static final Rows LOGITS = new Rows(256, VOCABULARY);

    /// Elements of a parameter, and of a stream.
    public static final int ELEMENTS = 1 << 23;

    /// One problem of a suite.
    ///
    /// @param single whether it is run on one thread too
    public record Entry(Workload<?> workload, boolean single) {}

    private static final class Suite {
        final List<Entry> entries = new ArrayList<>();

        void add(Workload<?>... workloads) {
            for (var workload : workloads) entries.add(new Entry(workload, false));
        }

        /// One whose scaling over threads is of interest.
        void addScaled(Workload<?>... workloads) {
            for (var workload : workloads) entries.add(new Entry(workload, true));
        }
    }

    private Suites() {}

    /// What `bench` runs when nothing is named.
    public static List<Entry> standard(long seed) {
        var suite = new Suite();
        gemm(suite, seed);
        attention(suite, seed);
        rows(suite, seed);
        rest(suite, seed);
        return suite.entries;
    }

    private static void gemm(Suite suite, long seed) {
        suite.addScaled(GemmWorkloads.gemm(Form.NT, 1024, 1024, 1024, DType.F32, seed));
        suite.addScaled(GemmWorkloads.gemm(Form.NT, 256, 768, 2304, DType.F32, seed));
        suite.add(
                GemmWorkloads.gemm(Form.NT, 512, 512, 512, DType.F32, seed),
                GemmWorkloads.gemm(Form.NT, 2048, 2048, 2048, DType.F32, seed),
                GemmWorkloads.gemm(Form.NT, 256, 3072, 768, DType.F32, seed),
                GemmWorkloads.gemm(Form.NT, 256, 768, 50257, DType.F32, seed),
                GemmWorkloads.gemm(Form.NN, 256, 768, 2304, DType.F32, seed),
                GemmWorkloads.gemm(Form.TN, 256, 768, 2304, DType.F32, seed),
                GemmWorkloads.gemm(Form.NT, 1024, 1024, 1024, DType.BF16, seed),
                GemmWorkloads.gemm(Form.NT, 256, 768, 2304, DType.BF16, seed));
    }

    private static void attention(Suite suite, long seed) {
        for (var h : ATTENTIONS.subList(0, 2)) {
            var forward = forward(h, true, DType.F32, seed);
            var backward = backward(h, true, DType.F32, seed);
            if (h.batch() > 1) suite.addScaled(forward, backward);
            else suite.add(forward, backward);
        }
    }

    public static Workload<?> forward(Heads h, boolean causal, DType dtype, long seed) {
        return AttentionWorkloads.forward(
                h.batch(), h.heads(), h.keyHeads(), h.seq(), h.headDim(), causal, dtype, seed);
    }

    public static Workload<?> backward(Heads h, boolean causal, DType dtype, long seed) {
        return AttentionWorkloads.backward(
                h.batch(), h.heads(), h.keyHeads(), h.seq(), h.headDim(), causal, dtype, seed);
    }

    private static void rows(Suite suite, long seed) {
        var r = ACTIVATIONS;
        suite.addScaled(NormWorkloads.rmsNorm(r.rows(), r.cols(), DType.F32, seed));
        suite.add(
                NormWorkloads.rmsNormBackward(r.rows(), r.cols(), DType.F32, seed),
                NormWorkloads.layerNorm(r.rows(), r.cols(), DType.F32, seed),
                NormWorkloads.layerNorm(r.rows(), r.cols(), DType.BF16, seed),
                NormWorkloads.layerNormBackward(r.rows(), r.cols(), DType.F32, seed),
                SoftmaxWorkloads.softmax(r.rows(), r.cols(), DType.F32, seed),
                SoftmaxWorkloads.softmaxBackward(r.rows(), r.cols(), DType.F32, seed));
        for (var dtype : List.of(DType.F32, DType.BF16)) suite.add(loss(LOGITS, dtype, seed));
    }

    private static void rest(Suite suite, long seed) {
        for (var each : elementwise(ACTIVATIONS, DType.F32, seed)) suite.add(each);
        suite.addScaled(OptimizerWorkloads.adamW(ELEMENTS, DType.F32, seed));
        suite.add(OptimizerWorkloads.adamW(ELEMENTS, DType.BF16, seed));
        for (var stream : streams(ELEMENTS, seed)) suite.addScaled(stream);
    }

    public static Workload<?> loss(Rows r, DType dtype, long seed) {
        return SoftmaxWorkloads.crossEntropy(r.rows(), r.cols(), dtype, seed);
    }

    public static List<Workload<?>> streams(int elements, long seed) {
        return List.of(
                StreamWorkloads.copy(elements, seed),
                StreamWorkloads.scale(elements, seed),
                StreamWorkloads.triad(elements, seed));
    }

    /// Activations, residual, bias gradient and positions on a (rows, cols) matrix, and rows of
    /// that width looked up in a vocabulary.
    public static List<Workload<?>> elementwise(Rows r, DType dtype, long seed) {
        int rows = r.rows();
        int cols = r.cols();
        var all =
                new ArrayList<Workload<?>>(
                        List.of(
                                ElementwiseWorkloads.gelu(rows, cols, dtype, seed),
                                ElementwiseWorkloads.geluBackward(rows, cols, dtype, seed),
                                ElementwiseWorkloads.swiGlu(rows, cols, dtype, seed),
                                ElementwiseWorkloads.swiGluBackward(rows, cols, dtype, seed),
                                ElementwiseWorkloads.add(rows, cols, dtype, seed),
                                ElementwiseWorkloads.biasGradient(rows, cols, dtype, seed),
                                PositionWorkloads.embedding(rows, VOCABULARY, cols, dtype, seed),
                                PositionWorkloads.embeddingBackward(
                                        rows, VOCABULARY, cols, dtype, seed)));
        if (cols % HEAD == 0)
            all.add(PositionWorkloads.rope(1, cols / HEAD, rows, HEAD, false, dtype, seed));
        return all;
    }

    /// Norms, softmax and the loss, forward and backward.
    public static List<Workload<?>> norms(Rows r, DType dtype, long seed) {
        return List.of(
                NormWorkloads.rmsNorm(r.rows(), r.cols(), dtype, seed),
                NormWorkloads.rmsNormBackward(r.rows(), r.cols(), dtype, seed),
                NormWorkloads.layerNorm(r.rows(), r.cols(), dtype, seed),
                NormWorkloads.layerNormBackward(r.rows(), r.cols(), dtype, seed),
                SoftmaxWorkloads.softmax(r.rows(), r.cols(), dtype, seed),
                SoftmaxWorkloads.softmaxBackward(r.rows(), r.cols(), dtype, seed),
                SoftmaxWorkloads.crossEntropy(r.rows(), r.cols(), dtype, seed));
    }
}
