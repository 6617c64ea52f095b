package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// Gradient of [Router] and of its load-balance loss `balance · experts · Σ_e f_e P_e`, with f_e
/// the pairs of expert e per row and P_e its mean probability (arXiv 2101.03961, equation 4):
///
/// ```
/// chosen:  dlogits[e] = g (dg - Σ g dg)          g = gates, dg = dgates
/// all:     dlogits[e] += p_e (d_e - Σ p d)       d_e = balance · experts · f_e / rows
/// ```
///
/// | operand         | shape           | dtype    |
/// |-----------------|-----------------|----------|
/// | `probabilities` | (rows, experts) | f32      |
/// | `gates`         | (rows, k)       | f32      |
/// | `experts`       | (rows, k)       | i32      |
/// | `offsets`       | (experts + 1)   | i32      |
/// | `dgates`        | (rows, k)       | f32      |
/// | `dlogits`       | (rows, experts) | f32/bf16 |
public record RouterBackward(
        Tensor probabilities,
        Tensor gates,
        Tensor experts,
        Tensor offsets,
        Tensor dgates,
        Tensor dlogits,
        double balance)
        implements Op {
    public RouterBackward {
        Require.rank("router_backward", "probabilities", probabilities, 2);
        Require.dtype("router_backward", "probabilities", probabilities, DType.F32);
        Require.rank("router_backward", "gates", gates, 2);
        Require.shape("router_backward", "gates", gates, probabilities.dim(0), gates.dim(1));
        Require.dtype("router_backward", "gates", gates, DType.F32);
        Require.sameShape("router_backward", "experts", experts, gates);
        Require.dtype("router_backward", "experts", experts, DType.I32);
        Require.shape("router_backward", "offsets", offsets, probabilities.dim(1) + 1);
        Require.dtype("router_backward", "offsets", offsets, DType.I32);
        Require.sameShape("router_backward", "dgates", dgates, gates);
        Require.dtype("router_backward", "dgates", dgates, DType.F32);
        Require.sameShape("router_backward", "dlogits", dlogits, probabilities);
        Require.real("router_backward", "dlogits", dlogits);
    }

    public int rows() {
        return probabilities.dim(0);
    }

    public int expertCount() {
        return probabilities.dim(1);
    }

    public int active() {
        return gates.dim(1);
    }

    @Override
    public List<Tensor> reads() {
        return List.of(probabilities, gates, experts, offsets, dgates);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(dlogits);
    }

    @Override
    public Cost cost() {
        return new Cost(
                5.0 * dlogits.count(),
                reads().stream().mapToLong(Tensor::bytes).sum() + dlogits.bytes(),
                "5 per logit");
    }

    @Override
    public Tolerance tolerance(int output) {
        return Tolerance.elementwise(16, 2 + balance * expertCount(), dlogits.dtype());
    }
}
