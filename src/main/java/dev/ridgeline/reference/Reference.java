package dev.ridgeline.reference;

import dev.ridgeline.op.AdamW;
import dev.ridgeline.op.Add;
import dev.ridgeline.op.Attention;
import dev.ridgeline.op.AttentionBackward;
import dev.ridgeline.op.BiasGradient;
import dev.ridgeline.op.ClipScale;
import dev.ridgeline.op.Combine;
import dev.ridgeline.op.CombineBackward;
import dev.ridgeline.op.Copy;
import dev.ridgeline.op.CrossEntropy;
import dev.ridgeline.op.Embedding;
import dev.ridgeline.op.EmbeddingBackward;
import dev.ridgeline.op.FmaLoop;
import dev.ridgeline.op.Gelu;
import dev.ridgeline.op.GeluBackward;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.op.GroupedGemm;
import dev.ridgeline.op.LayerNorm;
import dev.ridgeline.op.LayerNormBackward;
import dev.ridgeline.op.MmaLoop;
import dev.ridgeline.op.Op;
import dev.ridgeline.op.RmsNorm;
import dev.ridgeline.op.RmsNormBackward;
import dev.ridgeline.op.Rope;
import dev.ridgeline.op.Router;
import dev.ridgeline.op.RouterBackward;
import dev.ridgeline.op.Scale;
import dev.ridgeline.op.Softmax;
import dev.ridgeline.op.SoftmaxBackward;
import dev.ridgeline.op.SquaredNorm;
import dev.ridgeline.op.SwiGlu;
import dev.ridgeline.op.SwiGluBackward;
import dev.ridgeline.op.Triad;
import dev.ridgeline.op.Zero;

import java.util.List;

/// The truth that every kernel is measured against: each op as its formula says, one scalar at a
/// time, in double. Slow and readable, and stays so. PyTorch checks it in the tests.
public final class Reference {
    private Reference() {}

    /// What `op` has to write, computed from operands in host memory, which are left as they are.
    ///
    /// @return one array per tensor of `op.writes()`, row-major without gaps
    public static List<double[]> expected(Op op) {
        return switch (op) {
            case Gemm o -> GemmReference.gemm(o);
            case Attention o -> AttentionReference.forward(o);
            case AttentionBackward o -> AttentionReference.backward(o);
            case RmsNorm o -> NormReference.rmsNorm(o);
            case RmsNormBackward o -> NormReference.rmsNormBackward(o);
            case LayerNorm o -> NormReference.layerNorm(o);
            case LayerNormBackward o -> NormReference.layerNormBackward(o);
            case Softmax o -> SoftmaxReference.softmax(o);
            case SoftmaxBackward o -> SoftmaxReference.softmaxBackward(o);
            case CrossEntropy o -> SoftmaxReference.crossEntropy(o);
            case SwiGlu o -> ElementwiseReference.swiGlu(o);
            case SwiGluBackward o -> ElementwiseReference.swiGluBackward(o);
            case Gelu o -> ElementwiseReference.gelu(o);
            case GeluBackward o -> ElementwiseReference.geluBackward(o);
            case Add o -> ElementwiseReference.add(o);
            case BiasGradient o -> ElementwiseReference.biasGradient(o);
            case Rope o -> PositionReference.rope(o);
            case Embedding o -> PositionReference.embedding(o);
            case EmbeddingBackward o -> PositionReference.embeddingBackward(o);
            case AdamW o -> OptimizerReference.adamW(o);
            case Zero o -> OptimizerReference.zero(o);
            case SquaredNorm o -> OptimizerReference.squaredNorm(o);
            case ClipScale o -> OptimizerReference.clipScale(o);
            case Router o -> MixtureReference.router(o);
            case RouterBackward o -> MixtureReference.routerBackward(o);
            case GroupedGemm o -> MixtureReference.groupedGemm(o);
            case Combine o -> MixtureReference.combine(o);
            case CombineBackward o -> MixtureReference.combineBackward(o);
            case Copy o -> StreamReference.copy(o);
            case Scale o -> StreamReference.scale(o);
            case Triad o -> StreamReference.triad(o);
            case FmaLoop o -> StreamReference.fmaLoop(o);
            case MmaLoop o -> StreamReference.mmaLoop(o);
        };
    }
}
