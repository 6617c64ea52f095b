package dev.ridgeline.op;

import dev.ridgeline.op.Gemm.Form;
import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// A matrix product for each expert, on the rows `[offsets[e], offsets[e + 1])` that came to it,
/// accumulated in f32.
///
/// | form | call                 | a      | b      | c      |
/// |------|----------------------|--------|--------|--------|
/// | NT   | `y_e = x_e · W_eᵀ`   | (r, k) | (E, n, k) | (r, n) |
/// | NN   | `dx_e = dy_e · W_e`  | (r, k) | (E, k, n) | (r, n) |
/// | TN   | `dW_e += dy_eᵀ · x_e`| (r, m) | (r, n) | (E, m, n) |
///
/// `a` and `b` share a dtype, f32 or bf16; `c` has it too or is f32. `offsets` is (E + 1) i32, from
/// 0 to r. All are contiguous.
///
/// @param accumulate adds to what `c` holds; without it an expert without rows gives zeros in TN
public record GroupedGemm(
        Form form, Tensor a, Tensor b, Tensor offsets, Tensor c, boolean accumulate) implements Op {
    public GroupedGemm {
        Require.rank("grouped_gemm", "a", a, 2);
        Require.rank("grouped_gemm", "b", b, form == Form.TN ? 2 : 3);
        Require.rank("grouped_gemm", "c", c, form == Form.TN ? 3 : 2);
        int experts = form == Form.TN ? c.dim(0) : b.dim(0);
        boolean fits =
                switch (form) {
                    case NT -> b.dim(2) == a.dim(1) && c.dim(0) == a.dim(0) && c.dim(1) == b.dim(1);
                    case NN -> b.dim(1) == a.dim(1) && c.dim(0) == a.dim(0) && c.dim(1) == b.dim(2);
                    case TN -> b.dim(0) == a.dim(0) && c.dim(1) == a.dim(1) && c.dim(2) == b.dim(1);
                };
        Require.that(
                fits,
                "grouped_gemm %s: a %s and b %s do not give c %s",
                form,
                a.shape(),
                b.shape(),
                c.shape());
        Require.real("grouped_gemm", "a", a);
        Require.dtype("grouped_gemm", "b", b, a.dtype());
        Require.dtype("grouped_gemm", "c", c, a.dtype(), DType.F32);
        Require.shape("grouped_gemm", "offsets", offsets, experts + 1);
        Require.dtype("grouped_gemm", "offsets", offsets, DType.I32);
    }

    public int experts() {
        return offsets.dim(0) - 1;
    }

    /// Rows of all experts together.
    public int rows() {
        return a.dim(0);
    }

    @Override
    public List<Tensor> reads() {
        return accumulate ? List.of(a, b, offsets, c) : List.of(a, b, offsets);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(c);
    }

    @Override
    public Cost cost() {
        double flops = 2.0 * rows() * a.dim(1) * (form == Form.TN ? b.dim(1) : c.dim(1));
        return new Cost(
                flops,
                a.bytes() + b.bytes() + offsets.bytes() + c.bytes() * (accumulate ? 2.0 : 1.0),
                "2·rows·k·n");
    }

    @Override
    public Tolerance tolerance(int output) {
        return Tolerance.sum(form == Form.TN ? rows() : a.dim(1), 1, c.dtype());
    }
}
