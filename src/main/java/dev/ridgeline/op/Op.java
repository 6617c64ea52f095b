package dev.ridgeline.op;

import dev.ridgeline.tensor.Tensor;

import java.util.List;
import java.util.Optional;

/// One call of one operation, operands attached. The permits list is the whole vocabulary: a
/// backend is complete when every name on it has a kernel, `MmaLoop` only where it has matrix
/// units.
///
/// Constructors check shapes and dtypes, so an op that exists can be launched.
public sealed interface Op
        permits Add,
                AdamW,
                Attention,
                AttentionBackward,
                BiasGradient,
                ClipScale,
                Combine,
                CombineBackward,
                Copy,
                CrossEntropy,
                Embedding,
                EmbeddingBackward,
                FmaLoop,
                Gelu,
                GeluBackward,
                Gemm,
                GroupedGemm,
                LayerNorm,
                LayerNormBackward,
                MmaLoop,
                RmsNorm,
                RmsNormBackward,
                Rope,
                Router,
                RouterBackward,
                Scale,
                Softmax,
                SoftmaxBackward,
                SquaredNorm,
                SwiGlu,
                SwiGluBackward,
                Triad,
                Zero {
    List<Tensor> reads();

    /// Every tensor the op changes, in the order of its documentation. One that is also in
    /// `reads()` is updated in place.
    List<Tensor> writes();

    Cost cost();

    /// How far an element of `writes().get(output)` may be from the exact result, given operands of
    /// the size the workloads make.
    Tolerance tolerance(int output);

    /// A part of this op that is cheap enough for the scalar reference when the whole is not: the
    /// same computation for some rows or heads, on views of the same tensors. Empty where the whole
    /// costs no more than reading its operands.
    ///
    /// @param seed chooses the part
    default Optional<? extends Op> sample(long seed) {
        return Optional.empty();
    }

    /// `AttentionBackward` is `attention_backward`.
    static String name(Class<? extends Op> type) {
        return type.getSimpleName()
                .replaceAll("(?<=[a-z])(?=[A-Z])", "_")
                .toLowerCase(java.util.Locale.ROOT);
    }

    default String name() {
        return name(getClass());
    }
}
