package dev.ridgeline.cpu;

import dev.ridgeline.device.Launch;
import dev.ridgeline.device.Stream;
import dev.ridgeline.op.Gemm;

import jdk.incubator.vector.FloatVector;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// A matrix product a few rows of the result at a time: dot products with the rows of `b` where it
/// is stored transposed, else `c[i] += a[i, p] · b[p]` with the rows of `b` as vectors. No blocking
/// and no panels: what the blocked kernel's large results are compared with.
final class GemmDot implements Launch {
    // so that a large b is read from memory that many times less often
    private static final int ROWS = 8;

    private record Product(GemmOperand a, GemmOperand b, GemmOutput c) {}

    private static final class Scratch {
        final float[] a;
        final float[] b;
        final float[] c;
        final float[] tile = new float[GemmTile.WIDTH];
        final float[] line = new float[GemmTile.WIDTH];
        final float[] lanes = new float[Lanes.COUNT];

        Scratch(Gemm op) {
            a = new float[ROWS * op.k()];
            b = new float[Math.max(op.k(), op.n())];
            c = new float[ROWS * op.n()];
        }
    }

    private final Gemm op;
    private final Workers workers;
    private final List<Product> products = new ArrayList<>();
    private final List<Scratch> scratch = new ArrayList<>();

    GemmDot(Gemm op, Workers workers) {
        this.op = op;
        this.workers = workers;
        for (int i = 0; i < op.batch(); i++) {
            products.add(
                    new Product(
                            GemmOperand.of(op.a(), i, !op.form().transposesA()),
                            GemmOperand.of(op.b(), i, op.form().transposesB()),
                            new GemmOutput(op, i)));
        }
        for (int i = 0; i < workers.threads(); i++) scratch.add(new Scratch(op));
    }

    @Override
    public void on(Stream stream) {
        int groups = Math.ceilDiv(op.m(), ROWS);
        workers.run(
                groups * products.size(),
                (t, w) -> rows(products.get(t / groups), t % groups * ROWS, scratch.get(w)));
    }

    private void rows(Product product, int row, Scratch s) {
        int count = Math.min(ROWS, op.m() - row);
        int k = op.k();
        int n = op.n();
        for (int r = 0; r < count; r++) product.a.read(row + r, 0, k, s.a, r * k);
        if (op.form().transposesB()) {
            for (int j = 0; j < n; j++) {
                product.b.read(j, 0, k, s.b, 0);
                for (int r = 0; r < count; r++) s.c[r * n + j] = dot(s.a, r * k, s.b, k, s.lanes);
            }
        } else {
            Arrays.fill(s.c, 0f);
            for (int p = 0; p < k; p++) {
                product.b.readAcross(0, p, n, s.b);
                for (int r = 0; r < count; r++) add(s.a[r * k + p], s.b, s.c, r * n, n);
            }
        }
        for (int r = 0; r < count; r++) {
            for (int j = 0; j < n; j += GemmTile.WIDTH) {
                int columns = Math.min(GemmTile.WIDTH, n - j);
                System.arraycopy(s.c, r * n + j, s.tile, 0, columns);
                product.c.store(s.tile, 1, row + r, j, columns, true, true, s.line);
            }
        }
    }

    private static float dot(float[] a, int at, float[] b, int k, float[] lanes) {
        var sum = FloatVector.zero(Lanes.F32);
        int p = 0;
        for (; p <= k - Lanes.COUNT; p += Lanes.COUNT)
            sum =
                    FloatVector.fromArray(Lanes.F32, a, at + p)
                            .fma(FloatVector.fromArray(Lanes.F32, b, p), sum);
        sum.intoArray(lanes, 0);
        float total = Lanes.sum(lanes);
        for (; p < k; p++) total = Math.fma(a[at + p], b[p], total);
        return total;
    }

    private static void add(float factor, float[] b, float[] c, int at, int n) {
        var f = FloatVector.broadcast(Lanes.F32, factor);
        int j = 0;
        for (; j <= n - Lanes.COUNT; j += Lanes.COUNT)
            f.fma(
                            FloatVector.fromArray(Lanes.F32, b, j),
                            FloatVector.fromArray(Lanes.F32, c, at + j))
                    .intoArray(c, at + j);
        for (; j < n; j++) c[at + j] = Math.fma(factor, b[j], c[at + j]);
    }
}
