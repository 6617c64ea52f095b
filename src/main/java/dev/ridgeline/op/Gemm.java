package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Matrix product, accumulated in f32, in the three forms a linear layer with weight `W` (out, in)
/// needs:
///
/// | form | call             | a      | b      | c      | product  |
/// |------|------------------|--------|--------|--------|----------|
/// | NT   | `y = x · Wᵀ`     | (m, k) | (n, k) | (m, n) | `a · bᵀ` |
/// | NN   | `dx = dy · W`    | (m, k) | (k, n) | (m, n) | `a · b`  |
/// | TN   | `dW += dyᵀ · x`  | (k, m) | (k, n) | (m, n) | `aᵀ · b` |
///
/// Operands may have a leading axis, equal on all three, for a batch of products; rows may be
/// strided (a leading dimension). `a` and `b` share a dtype: f32, bf16 or f16; `c` has it too or is
/// f32. Of 8 bits `a` is e4m3, or e5m2 as gradients are, `b` is e4m3, and `c` bf16 or f32.
public record Gemm(Form form, Tensor a, Tensor b, Tensor c, Epilogue epilogue) implements Op {
    /// Which operands are transposed, in BLAS's row-major letters.
    public enum Form {
        NT,
        NN,
        TN;

        public boolean transposesA() {
            return this == TN;
        }

        public boolean transposesB() {
            return this == NT;
        }
    }

    public Gemm {
        int rank = c.shape().rank();
        Require.that(rank == 2 || rank == 3, "gemm: c is %s, must have 2 or 3 axes", c.shape());
        Require.rank("gemm", "a", a, rank);
        Require.rank("gemm", "b", b, rank);
        int m = c.dim(rank - 2);
        int n = c.dim(rank - 1);
        int k = a.dim(form.transposesA() ? rank - 2 : rank - 1);
        Require.that(
                a.dim(form.transposesA() ? rank - 1 : rank - 2) == m
                        && b.dim(form.transposesB() ? rank - 2 : rank - 1) == n
                        && b.dim(form.transposesB() ? rank - 1 : rank - 2) == k
                        && (rank == 2 || a.dim(0) == c.dim(0) && b.dim(0) == c.dim(0)),
                "gemm %s: a %s and b %s do not give c %s",
                form,
                a.shape(),
                b.shape(),
                c.shape());
        var factors = a.dtype();
        Require.that(factors != DType.I32, "gemm: a is i32, must be of floats");
        Require.dtype("gemm", "b", b, right(factors));
        Require.dtype("gemm", "c", c, stored(factors), DType.F32);
        final int columns = n;
        epilogue.bias().ifPresent(t -> Require.shape("gemm", "bias", t, columns));
        epilogue.bias()
                .ifPresent(t -> Require.dtype("gemm", "bias", t, stored(factors), DType.F32));
        epilogue.preactivation().ifPresent(t -> Require.sameShape("gemm", "preactivation", t, c));
        epilogue.preactivation()
                .ifPresent(t -> Require.dtype("gemm", "preactivation", t, c.dtype()));
    }

    public Gemm(Form form, Tensor a, Tensor b, Tensor c) {
        this(form, a, b, c, Epilogue.NONE);
    }

    /// What `b` is where `a` is of this type.
    public static DType right(DType left) {
        return left == DType.F8_E5M2 ? DType.F8_E4M3 : left;
    }

    /// What `c` is, where it is not f32.
    public static DType stored(DType factors) {
        return factors.bytes() == 1 ? DType.BF16 : factors;
    }

    public int batch() {
        return c.shape().rank() == 3 ? c.dim(0) : 1;
    }

    public int m() {
        return c.dim(c.shape().rank() - 2);
    }

    public int n() {
        return c.shape().last();
    }

    public int k() {
        return a.dim(a.shape().rank() - (form.transposesA() ? 2 : 1));
    }

    @Override
    public List<Tensor> reads() {
        var all = new ArrayList<>(List.of(a, b));
        epilogue.bias().ifPresent(all::add);
        if (epilogue.accumulate()) all.add(c);
        return all;
    }

    @Override
    public List<Tensor> writes() {
        return epilogue.preactivation().map(p -> List.of(c, p)).orElse(List.of(c));
    }

    @Override
    public Cost cost() {
        double bytes = a.bytes() + b.bytes() + c.bytes() * (epilogue.accumulate() ? 2.0 : 1.0);
        bytes += epilogue.bias().map(Tensor::bytes).orElse(0L);
        bytes += epilogue.preactivation().map(Tensor::bytes).orElse(0L);
        return new Cost(2.0 * batch() * m() * n() * k(), bytes, "2mnk");
    }

    @Override
    public Tolerance tolerance(int output) {
        return Tolerance.sum(k(), 1, c.dtype());
    }

    /// Eight of its rows, for a product of more than 2^28 multiply-adds.
    @Override
    public Optional<Gemm> sample(long seed) {
        if (cost().flops() <= 0x1p29 || m() <= 8) return Optional.empty();
        int rows = c.shape().rank() - 2;
        int from = (int) Math.floorMod(seed, (long) m() - 7);
        return Optional.of(
                new Gemm(
                        form,
                        a.slice(form.transposesA() ? rows + 1 : rows, from, from + 8),
                        b,
                        c.slice(rows, from, from + 8),
                        new Epilogue(
                                epilogue.bias(),
                                epilogue.activation(),
                                epilogue.preactivation().map(p -> p.slice(rows, from, from + 8)),
                                epilogue.accumulate())));
    }
}
