package dev.ridgeline.op;

import dev.ridgeline.tensor.DType;
import dev.ridgeline.tensor.Tensor;

import java.util.List;

/// Sends each row to the k experts with the largest logits (arXiv 2401.04088, section 2.1): `p =
/// softmax(logits)`, `gates` the k largest p over their sum. Of equal logits the first expert's
/// counts as larger.
///
/// The (row, choice) pairs are then put in order of their experts, pairs of one expert in order of
/// their rows, for [GroupedGemm].
///
/// | operand         | shape           | dtype |
/// |-----------------|-----------------|-------|
/// | `logits`        | (rows, experts) | f32   |
/// | `probabilities` | (rows, experts) | f32   |
/// | `gates`         | (rows, k)       | f32, largest first |
/// | `experts`       | (rows, k)       | i32   |
/// | `places`        | (rows, k)       | i32, where a pair comes in that order |
/// | `sources`       | (rows · k)      | i32, the row of each pair in that order |
/// | `offsets`       | (experts + 1)   | i32, where each expert's pairs begin |
public record Router(
        Tensor logits,
        Tensor probabilities,
        Tensor gates,
        Tensor experts,
        Tensor places,
        Tensor sources,
        Tensor offsets)
        implements Op {
    public Router {
        Require.rank("router", "logits", logits, 2);
        Require.dtype("router", "logits", logits, DType.F32);
        Require.sameShape("router", "probabilities", probabilities, logits);
        Require.dtype("router", "probabilities", probabilities, DType.F32);
        Require.rank("router", "gates", gates, 2);
        Require.shape("router", "gates", gates, logits.dim(0), gates.dim(1));
        Require.dtype("router", "gates", gates, DType.F32);
        Require.that(
                gates.dim(1) <= logits.dim(1),
                "router: %d of %d experts cannot be chosen",
                gates.dim(1),
                logits.dim(1));
        for (var t : List.of(experts, places)) {
            Require.sameShape("router", "experts, places", t, gates);
            Require.dtype("router", "experts, places", t, DType.I32);
        }
        Require.shape("router", "sources", sources, Math.toIntExact(gates.count()));
        Require.dtype("router", "sources", sources, DType.I32);
        Require.shape("router", "offsets", offsets, logits.dim(1) + 1);
        Require.dtype("router", "offsets", offsets, DType.I32);
    }

    public int rows() {
        return logits.dim(0);
    }

    public int expertCount() {
        return logits.dim(1);
    }

    /// Experts of a row.
    public int active() {
        return gates.dim(1);
    }

    @Override
    public List<Tensor> reads() {
        return List.of(logits);
    }

    @Override
    public List<Tensor> writes() {
        return List.of(probabilities, gates, experts, places, sources, offsets);
    }

    @Override
    public Cost cost() {
        return new Cost(
                5.0 * logits.count(),
                logits.bytes() + writes().stream().mapToLong(Tensor::bytes).sum(),
                "5 per logit");
    }

    @Override
    public Tolerance tolerance(int output) {
        return output < 2
                ? new Tolerance(2 * Float.MIN_NORMAL, 104 * 0x1p-24)
                : new Tolerance(0, 0);
    }
}
