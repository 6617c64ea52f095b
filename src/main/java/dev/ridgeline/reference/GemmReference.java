package dev.ridgeline.reference;

import dev.ridgeline.op.Activation;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// `c = activation(a · b + bias)`, three loops.
final class GemmReference {
    private GemmReference() {}

    static List<double[]> gemm(Gemm op) {
        double[] a = Dense.read(op.a());
        double[] b = Dense.read(op.b());
        double[] bias = op.epilogue().bias().map(Dense::read).orElse(new double[op.n()]);
        int m = op.m();
        int n = op.n();
        int k = op.k();
        double[] c =
                op.epilogue().accumulate()
                        ? Dense.read(op.c())
                        : new double[Math.toIntExact(op.c().count())];
        // element (i, p) of aᵀ is (p, i) of a: only the steps through memory differ
        int aRow = op.form().transposesA() ? 1 : k;
        int aStep = op.form().transposesA() ? m : 1;
        int bColumn = op.form().transposesB() ? k : 1;
        int bStep = op.form().transposesB() ? 1 : n;
        for (int batch = 0; batch < op.batch(); batch++) {
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < n; j++) {
                    int ai = batch * m * k + i * aRow;
                    int bj = batch * n * k + j * bColumn;
                    double sum = 0;
                    for (int p = 0; p < k; p++, ai += aStep, bj += bStep) sum += a[ai] * b[bj];
                    c[(batch * m + i) * n + j] += sum + bias[j];
                }
            }
        }
        if (op.epilogue().activation() == Activation.NONE) return List.of(c);
        double[] pre = c.clone();
        for (int i = 0; i < c.length; i++) c[i] = ElementwiseReference.gelu(c[i]);
        return op.epilogue().preactivation().map((Tensor p) -> List.of(c, pre)).orElse(List.of(c));
    }
}
